package dev.tally.server.handshake;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads IP addresses, and only those: {@code InetAddress} would look other text up as a name. */
final class IpAddress {

  private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  private static final Pattern V4 = Pattern.compile(OCTET + "(?:\\." + OCTET + "){3}");

  /** For InetAddress to judge, which asks no name server: a name has no colon and no such start. */
  private static final Pattern V6 = Pattern.compile("(?=[^:]*:)[0-9a-fA-F:][0-9a-fA-F:.]{1,44}");

  /** RFC 7239, section 6. */
  private static final Pattern NODE =
      Pattern.compile("\"?(?:\\[([0-9a-fA-F:.]+)]|([0-9.]+))(?::[0-9]{1,5})?\"?");

  private IpAddress() {}

  /**
   * A hop as proxies write it: in quotes or not, an IPv6 address in brackets or not, with a port or
   * without.
   *
   * @return the address alone, or the text as it is if that is none of these
   */
  static String withoutPort(String hop) {
    Matcher node = NODE.matcher(hop);
    if (!node.matches()) {
      return hop;
    }
    return node.group(1) == null ? node.group(2) : node.group(1);
  }

  /**
   * Reads {@code 192.0.2.1} or {@code 2001:db8::1}, without brackets, port or zone.
   *
   * @return the address, or null if it is none
   */
  static @Nullable InetAddress parse(String text) {
    if (!V4.matcher(text).matches() && !V6.matcher(text).matches()) {
      return null;
    }
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      return null;
    }
  }
}
