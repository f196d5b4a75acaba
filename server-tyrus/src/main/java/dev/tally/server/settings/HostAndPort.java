package dev.tally.server.settings;

/** An address as people and URLs write it. */
public final class HostAndPort {

  private HostAndPort() {}

  /**
   * Puts the two together.
   *
   * @param host a name or an address; one of IPv6 gets its brackets (RFC 3986, 3.2.2), unless it
   *     has them
   */
  public static String text(String host, int port) {
    boolean bare = host.contains(":") && !host.startsWith("[");
    return (bare ? "[" + host + "]" : host) + ":" + port;
  }
}
