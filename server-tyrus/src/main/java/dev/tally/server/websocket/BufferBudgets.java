package dev.tally.server.websocket;

/**
 * The process's budgets for what clients make it hold. One for each purpose, so that none can take
 * another's part.
 *
 * @param messages the parts of messages whose rest has not come, and what is read ahead of a rate
 * @param replies what waits for WebSocket clients that do not read
 * @param http heads of unfinished requests, and answers that wait for clients that do not read
 */
public record BufferBudgets(BufferBudget messages, BufferBudget replies, BufferBudget http) {

  /**
   * Divides a number of bytes.
   *
   * @param total the bound on all of them together
   * @return half of it for messages, three eighths for replies, an eighth for HTTP
   */
  public static BufferBudgets of(long total) {
    long eighth = total / 8;
    return new BufferBudgets(
        new BufferBudget(4 * eighth), new BufferBudget(3 * eighth), new BufferBudget(eighth));
  }
}
