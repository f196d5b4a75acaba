package dev.tally.server.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who gives way when the budget is short. */
class BudgetShareTest {

  /** Seven eighths can be had by all, the last hundred is the reserve. */
  private final BufferBudget budget = new BufferBudget(800);

  private final List<String> evicted = new ArrayList<>();

  private final class Connection implements BudgetShare.Holder {
    private final String name;
    private final BudgetShare share;
    private final long since;
    private int taken;

    Connection(String name, BudgetShare share, long since) {
      this.name = name;
      this.share = share;
      this.since = since;
    }

    boolean take(int bytes) {
      boolean had = share.take(this, bytes);
      taken += had ? bytes : 0;
      return had;
    }

    @Override
    public long since() {
      return since;
    }

    @Override
    public void evict(boolean overdue) {
      evicted.add(name + (overdue ? " overdue" : ""));
      share.giveBack(this, taken);
      taken = 0;
    }
  }

  @Test
  void thoseThatHaveHeldTheirsForLongestMakeRoomForOthers() {
    BudgetShare share = new BudgetShare(budget, 1);
    Connection first = new Connection("first", share, 0);
    Connection second = new Connection("second", share, 0);
    Connection third = new Connection("third", share, 0);
    assertThat(first.take(300)).isTrue();
    assertThat(second.take(300)).isTrue();
    assertThat(first.take(100)).isTrue();

    assertThat(third.take(500)).isTrue();

    assertThat(evicted).containsExactly("first", "second");
    assertThat(budget.used()).isEqualTo(500);
  }

  @Test
  void theOldestGetsNothingMore() {
    BudgetShare share = new BudgetShare(budget, 1);
    Connection oldest = new Connection("oldest", share, 0);
    Connection other = new Connection("other", share, 0);
    assertThat(oldest.take(300)).isTrue();
    assertThat(other.take(400)).isTrue();

    assertThat(oldest.take(1)).isFalse();

    assertThat(evicted).isEmpty();
    assertThat(budget.used()).isEqualTo(700);
  }

  @Test
  void theReserveIsForThreadsThatHaveLessThanTheirShare() {
    BudgetShare greedy = new BudgetShare(budget, 2);
    BudgetShare modest = new BudgetShare(budget, 2);
    assertThat(new Connection("much", greedy, 0).take(700)).isTrue();

    assertThat(new Connection("little", modest, 0).take(100)).isTrue();
    assertThat(new Connection("too much", modest, 0).take(300)).isFalse();

    assertThat(evicted).containsExactly("little");
  }

  @Test
  void whatIsHeldForTooLongIsGivenBack() {
    BudgetShare share = new BudgetShare(budget, 1);
    new Connection("early", share, 10).take(100);
    new Connection("late", share, 11).take(50);

    share.evictOverdue(10);

    assertThat(evicted).containsExactly("early overdue");
    assertThat(budget.used()).isEqualTo(50);
  }
}
