package dev.tally.server.websocket;

import dev.tally.chat.protocol.CloseCode;
import java.time.Duration;

/**
 * What the frame readers of one selector thread share: limits, the thread's share of the budget for
 * unfinished messages, and objects that a reader needs only while it reads. For that thread.
 */
public final class ReaderContext {

  private final int maxMessageBytes;
  private final FrameRate frameRate;
  private final Liveness clock;
  private final BudgetShare messages;
  private final Violation buffersFull;
  private final FrameHeader header = new FrameHeader();
  private final MessageDelivery delivery;

  /**
   * Makes what the readers of one thread share.
   *
   * @param maxMessageBytes payload bytes of the largest message, its fragments summed up
   * @param frameRate how many pings, pongs and small fragments a connection may send
   * @param clock says how long a message has been unfinished
   * @param messages the thread's share of the budget for what is read and not finished
   * @param retryAfter when a client that found the budget used up should come back
   */
  public ReaderContext(
      int maxMessageBytes,
      FrameRate frameRate,
      Liveness clock,
      BudgetShare messages,
      Duration retryAfter) {
    this.maxMessageBytes = maxMessageBytes;
    this.frameRate = frameRate;
    this.clock = clock;
    this.messages = messages;
    this.delivery = new MessageDelivery(maxMessageBytes);
    this.buffersFull =
        new Violation(
            CloseCode.TRY_AGAIN_LATER, "retry_after_ms=" + retryAfter.toMillis(), "buffers_full");
  }

  /** {@return the thread's share of the budget for what is read and not finished} */
  public BudgetShare messages() {
    return messages;
  }

  /** {@return why a connection is closed that needs bytes when the budget has none left} */
  public Violation buffersFull() {
    return buffersFull;
  }

  int maxMessageBytes() {
    return maxMessageBytes;
  }

  FrameRate frameRate() {
    return frameRate;
  }

  long now() {
    return clock.now();
  }

  /** For the frame whose header is being read. */
  FrameHeader header() {
    return header;
  }

  MessageDelivery delivery() {
    return delivery;
  }
}
