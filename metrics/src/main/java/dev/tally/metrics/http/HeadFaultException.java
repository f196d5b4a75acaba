package dev.tally.metrics.http;

/**
 * Ends the parsing of a head that is refused. Has no stack trace: clients cause it as often as they
 * like, so it must be cheap.
 */
final class HeadFaultException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final transient HeadFault fault;

  HeadFaultException(HeadFault fault) {
    super(fault.sentence(), null, false, false);
    this.fault = fault;
  }

  /** The rule that is broken is answered with 400. */
  static HeadFaultException badRequest(String sentence) {
    return new HeadFaultException(HeadFault.badRequest(sentence));
  }

  HeadFault fault() {
    return fault;
  }
}
