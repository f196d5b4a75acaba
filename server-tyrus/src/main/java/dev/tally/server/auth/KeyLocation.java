package dev.tally.server.auth;

import java.net.URI;
import java.nio.file.Path;
import javax.crypto.SecretKey;

/** Where the keys are that tokens are checked with. */
public sealed interface KeyLocation {

  /**
   * A key set (RFC 7517) in a file, which is read again when it changes.
   *
   * @param path the file
   */
  record JwksFile(Path path) implements KeyLocation {}

  /**
   * A key set that a server has, which is fetched again from time to time.
   *
   * @param url https, or http on a loopback address
   */
  record JwksUrl(URI url) implements KeyLocation {}

  /**
   * One key that the issuer of the tokens has as well.
   *
   * @param key for HS256, 32 bytes or more
   */
  record Secret(SecretKey key) implements KeyLocation {}
}
