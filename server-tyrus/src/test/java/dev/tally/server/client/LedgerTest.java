package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LedgerTest {

  private final Ledger ledger = new Ledger();

  @Test
  void aResumeDropsWhatWasCountedAndSendsTheRestAgainInOrder() {
    assertThat(ledger.welcome(40)).isEmpty();
    sent("a", "b", "c");
    ledger.add("d");
    assertThat(ledger.reply(41)).isTrue();

    assertThat(ledger.welcome(42)).containsExactly(42L);
    assertThat(drained()).containsExactly("c", "d");
    assertThat(ledger.reply(43)).isTrue();
    assertThat(ledger.reply(44)).isTrue();

    assertThat(ledger.isSettled()).isTrue();
    assertThat(ledger.counted()).isEqualTo(4);
    assertThat(ledger.lost()).isZero();
    assertThat(ledger.duplicated()).isZero();
  }

  @Test
  void aWelcomeBelowWhatWasAcknowledgedIsALoss() {
    ledger.welcome(0);
    sent("a", "b");
    ledger.reply(1);
    ledger.reply(2);

    ledger.welcome(0);

    assertThat(ledger.lost()).isEqualTo(2);
  }

  @Test
  void aWelcomeAboveWhatWasSentIsADuplicate() {
    ledger.welcome(0);
    sent("a");

    assertThat(ledger.welcome(3)).containsExactly(1L);

    assertThat(ledger.duplicated()).isEqualTo(2);
  }

  @Test
  void aRepeatedCountIsADuplicateAndSettlesNothing() {
    ledger.welcome(0);
    sent("a", "b");
    ledger.reply(1);

    assertThat(ledger.reply(1)).isFalse();

    assertThat(ledger.duplicated()).isEqualTo(1);
    assertThat(ledger.isSettled()).isFalse();
  }

  @Test
  void aNumberThatIsSkippedIsADuplicateAndTheMessageIsSettled() {
    ledger.welcome(0);
    sent("a", "b");

    assertThat(ledger.reply(2)).isTrue();
    assertThat(ledger.reply(3)).isTrue();

    assertThat(ledger.duplicated()).isEqualTo(1);
    assertThat(ledger.counted()).isEqualTo(2);
    assertThat(ledger.isSettled()).isTrue();
  }

  private void sent(String... messages) {
    for (String message : messages) {
      ledger.add(message);
      ledger.next();
    }
  }

  private List<String> drained() {
    List<String> messages = new ArrayList<>();
    while (ledger.hasNext()) {
      messages.add(ledger.next());
    }
    return messages;
  }
}
