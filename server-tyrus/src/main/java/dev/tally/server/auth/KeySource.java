package dev.tally.server.auth;

import java.io.IOException;
import java.time.Duration;

/** A place that a key set is read from, again and again. May block. For one thread. */
interface KeySource {

  /** No key set is longer: one with 100 RSA keys has 50 KB. */
  int MAX_BYTES = 1 << 20;

  /**
   * Reads the key set.
   *
   * @return its JSON, {@link #MAX_BYTES} at most
   * @throws IOException if it cannot be read; the message says why
   */
  String read() throws IOException, InterruptedException;

  /** How long to wait between two looks. */
  Duration interval();
}
