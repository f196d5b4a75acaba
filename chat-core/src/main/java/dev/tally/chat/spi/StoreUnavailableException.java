package dev.tally.chat.spi;

/** The session store did not answer, or cannot do the call now. It may be repeated later. */
public sealed class StoreUnavailableException extends RuntimeException permits StoreFullException {

  private static final long serialVersionUID = 1;

  /**
   * Makes an exception without a cause.
   *
   * @param message one sentence for operators, without secrets
   */
  public StoreUnavailableException(String message) {
    super(message);
  }

  /**
   * Makes an exception with a cause.
   *
   * @param message one sentence for operators, without secrets
   * @param cause what the store's client threw
   */
  public StoreUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
