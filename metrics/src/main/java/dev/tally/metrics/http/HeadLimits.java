package dev.tally.metrics.http;

/**
 * How large the head of a request may be.
 *
 * @param bytes the longest head in bytes, with the empty line at its end; 1 or more
 * @param headers the maximum number of header lines; 1 or more
 */
public record HeadLimits(int bytes, int headers) {

  /** 32 KiB and 128 headers: the cookies of single sign-on can take more than 8 KiB. */
  public static final HeadLimits DEFAULT = new HeadLimits(32 * 1024, 128);
}
