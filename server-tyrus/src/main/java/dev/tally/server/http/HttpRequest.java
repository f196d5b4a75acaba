package dev.tally.server.http;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request as pages and the rules of the handshake see it. Its grammar was checked
 * before. For one thread.
 */
public interface HttpRequest {

  /**
   * The method.
   *
   * @return as it was sent; methods are case-sensitive
   */
  String method();

  /**
   * Whether its version is HTTP/1.1.
   *
   * @return false for HTTP/1.0
   */
  boolean isHttp11();

  /**
   * The path.
   *
   * @return without the query, not decoded
   */
  String path();

  /**
   * What stands behind the question mark.
   *
   * @return not decoded; null if there is no question mark
   */
  @Nullable String query();

  /**
   * A header's first value.
   *
   * @param name in any case
   * @return the value, or null if the header is not there
   */
  @Nullable String header(String name);

  /**
   * A header's values.
   *
   * @param name in any case
   * @return one for each line, in their order
   */
  List<String> headers(String name);

  /**
   * Whether a body follows the head.
   *
   * @return true for one of unknown length, too
   */
  boolean hasBody();

  /**
   * The other end of the TCP connection.
   *
   * @return its address, without a port
   */
  String peer();
}
