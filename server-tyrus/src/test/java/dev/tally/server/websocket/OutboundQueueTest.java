package dev.tally.server.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** What waits for a client keeps its order, its bound, and what it took of the budget. */
class OutboundQueueTest {

  private static final int MAX_BYTES = 5_000;

  private final BufferBudget budget = new BufferBudget(100_000);
  private final BudgetShare share = new BudgetShare(budget, 1);
  private final OutboundQueue queue =
      new OutboundQueue(
          new BudgetShare.Holder() {
            @Override
            public long since() {
              return 0;
            }

            @Override
            public void evict(boolean overdue) {
              throw new IllegalStateException("nobody else needs the room");
            }
          },
          MAX_BYTES);

  @RepeatedTest(20)
  void keepsTheOrderAndReturnsWhatItTook() {
    Random random = new Random();
    Deque<Byte> expected = new ArrayDeque<>();
    byte next = 0;
    for (int step = 0; step < 500; step++) {
      int size = random.nextInt(400);
      if (random.nextInt(3) == 0) {
        ByteBuffer target = ByteBuffer.allocate(size);
        queue.moveTo(target, share);
        for (byte b : Arrays.copyOf(target.array(), target.position())) {
          assertThat(b).isEqualTo(expected.pollFirst());
        }
      } else if (queue.take(size, share, random.nextBoolean())) {
        boolean first = random.nextInt(4) == 0;
        ByteBuffer room = first ? queue.addFirst(size) : queue.add(size);
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
          bytes[i] = next++;
        }
        room.put(bytes);
        for (int i = 0; i < size; i++) {
          if (first) {
            expected.addFirst(bytes[size - 1 - i]);
          } else {
            expected.addLast(bytes[i]);
          }
        }
      } else {
        assertThat(queue.size() + size).isGreaterThan(MAX_BYTES);
      }
      assertThat(queue.size()).isEqualTo(expected.size());
    }
    queue.clear(share);
    assertThat(budget.used()).isZero();
  }

  @Test
  void chargesNothingForWhatRepliesNeedWhileNobodyIsSlow() {
    assertThat(queue.take(128, share, true)).isTrue();
    queue.add(128);
    assertThat(budget.used()).isZero();
    assertThat(queue.take(385, share, true)).isTrue();
    assertThat(budget.used()).isGreaterThan(512);
  }
}
