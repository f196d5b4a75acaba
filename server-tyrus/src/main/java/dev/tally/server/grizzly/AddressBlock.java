package dev.tally.server.grizzly;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/**
 * A block of IP addresses (RFC 4632).
 *
 * @param network the first address
 * @param bits how many leading bits count
 */
record AddressBlock(InetAddress network, int bits) {

  private static final Pattern LITERAL = Pattern.compile("[0-9a-fA-F:.]+");

  /**
   * Reads {@code 10.0.0.0/8}, {@code ::1/128} or a single address.
   *
   * @throws IllegalArgumentException with a sentence that has the value in it
   */
  static AddressBlock parse(String text) {
    int slash = text.indexOf('/');
    InetAddress network = address(slash < 0 ? text : text.substring(0, slash), text);
    int most = network.getAddress().length * 8;
    try {
      int bits = slash < 0 ? most : Integer.parseInt(text.substring(slash + 1));
      if (bits >= 0 && bits <= most) {
        return new AddressBlock(network, bits);
      }
    } catch (NumberFormatException e) {
      // Reported below, with those that are out of range.
    }
    throw new IllegalArgumentException(
        "'" + text + "' is not a CIDR block: the prefix length must be 0 to " + most);
  }

  private static InetAddress address(String literal, String text) {
    try {
      if (LITERAL.matcher(literal).matches()) {
        return InetAddress.getByName(literal);
      }
    } catch (UnknownHostException e) {
      // Reported below.
    }
    throw new IllegalArgumentException(
        "'" + text + "' is not a CIDR block such as 10.0.0.0/8 or an IP address");
  }

  boolean contains(InetAddress address) {
    byte[] mine = network.getAddress();
    byte[] theirs = address.getAddress();
    if (mine.length != theirs.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit += 8) {
      int mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
      if (((mine[bit / 8] ^ theirs[bit / 8]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }
}
