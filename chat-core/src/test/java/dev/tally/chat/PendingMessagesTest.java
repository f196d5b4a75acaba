package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PendingMessagesTest {

  @Test
  void keepsTheOrderHoweverMuchItGrowsAndShrinks() {
    PendingMessages pending = new PendingMessages(true);
    ArrayDeque<Integer> model = new ArrayDeque<>();
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      // The likelier of the two changes now and then, so that it fills up and runs empty.
      boolean growing = (i / 500) % 2 == 0;
      if (model.isEmpty() || random.nextInt(10) < (growing ? 7 : 3)) {
        pending.add(-i, ByteBuffer.allocate(4).putInt(i).array());
        model.add(i);
      } else {
        int oldest = model.remove();
        assertThat(pending.oldestNanos()).isEqualTo(-oldest);
        assertThat(ByteBuffer.wrap(pending.removeOldest()).getInt()).isEqualTo(oldest);
      }
      assertThat(pending.bytes()).isEqualTo(model.size() * (4 + PendingMessages.UPKEEP_BYTES));
      assertThat(pending.size()).isEqualTo(model.size());
      assertThat(pending.isEmpty()).isEqualTo(model.isEmpty());
    }
  }
}
