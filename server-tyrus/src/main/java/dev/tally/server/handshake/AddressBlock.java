package dev.tally.server.handshake;

import java.net.InetAddress;
import java.util.regex.Pattern;

/**
 * A block of IP addresses (RFC 4632).
 *
 * @param network the first address
 * @param bits how many leading bits count
 */
public record AddressBlock(InetAddress network, int bits) {

  private static final Pattern PREFIX_LENGTH = Pattern.compile("\\d{1,3}");

  /**
   * Reads {@code 10.0.0.0/8}, {@code ::1/128} or a single address.
   *
   * @param text a network and how many leading bits count, or an address
   * @return the block
   * @throws IllegalArgumentException with a sentence that has the value in it
   */
  public static AddressBlock parse(String text) {
    int slash = text.indexOf('/');
    InetAddress network = IpAddress.parse(slash < 0 ? text : text.substring(0, slash));
    if (network != null) {
      int most = network.getAddress().length * 8;
      if (slash < 0) {
        return new AddressBlock(network, most);
      }
      String bits = text.substring(slash + 1);
      if (PREFIX_LENGTH.matcher(bits).matches() && Integer.parseInt(bits) <= most) {
        return new AddressBlock(network, Integer.parseInt(bits));
      }
    }
    throw new IllegalArgumentException(
        "'" + text + "' is not an address or a block such as 10.0.0.0/8 or fd00::/8");
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
