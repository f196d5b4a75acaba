package dev.tally.chat.spi;

/** The session store answers, but is full. The call may be repeated later. */
public final class StoreFullException extends StoreUnavailableException {

  private static final long serialVersionUID = 1;

  /**
   * Makes an exception without a cause.
   *
   * @param message one sentence for operators, without secrets
   */
  public StoreFullException(String message) {
    super(message);
  }

  /**
   * Makes an exception with a cause.
   *
   * @param message one sentence for operators, without secrets
   * @param cause what the store's client threw
   */
  public StoreFullException(String message, Throwable cause) {
    super(message, cause);
  }
}
