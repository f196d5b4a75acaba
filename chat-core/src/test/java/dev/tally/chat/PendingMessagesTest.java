package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PendingMessagesTest {

  @Test
  void keepsTheOrderHoweverMuchItGrowsAndShrinks() {
    PendingMessages pending = new PendingMessages();
    ArrayDeque<Integer> model = new ArrayDeque<>();
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      // The likelier of the two changes now and then, so that it fills up and runs empty.
      boolean growing = (i / 500) % 2 == 0;
      if (model.isEmpty() || random.nextInt(10) < (growing ? 7 : 3)) {
        pending.add(-i, i);
        model.add(i);
      } else {
        int oldest = model.remove();
        assertThat(pending.oldestNanos()).isEqualTo(-oldest);
        assertThat(pending.oldestBytes()).isEqualTo(oldest);
        pending.removeOldest();
      }
      assertThat(pending.size()).isEqualTo(model.size());
      assertThat(pending.isEmpty()).isEqualTo(model.isEmpty());
    }
  }
}
