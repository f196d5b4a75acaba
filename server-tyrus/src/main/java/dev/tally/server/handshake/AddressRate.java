package dev.tally.server.handshake;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.tally.chat.spi.MonotonicClock;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;

/**
 * How often each address may do something: a token bucket that holds the tokens of one minute. An
 * IPv6 network of 64 bits is one address. Safe for concurrent use.
 *
 * <p>It takes the same 2 MiB for one address and for a billion. An address has one cell in each of
 * four rows, chosen by a hash with a secret key, and other addresses may have the same cell. What
 * an address takes is added to all of its cells, so none of them ever shows less than the address
 * itself has taken: no number of other addresses makes its limit wider. An address is refused only
 * if all of its cells are exhausted. So other addresses can make it narrower only if they exhaust a
 * large part of all cells: 65,536 times the limit.
 */
public final class AddressRate {

  private static final int ROWS = 4;
  private static final int CELLS = 1 << 16;
  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  /** A token that was asked for. */
  public final class Charge {
    private final String address;
    private final long atNanos;
    private final long waitNanos;

    private Charge(String address, long atNanos, long waitNanos) {
      this.address = address;
      this.atNanos = atNanos;
      this.waitNanos = waitNanos;
    }

    /** {@return whether there was a token} */
    public boolean isTaken() {
      return waitNanos == 0;
    }

    /** {@return whole seconds, rounded up, until there is a token; 0 if there was one} */
    public long retryAfterSeconds() {
      return TimeUnit.NANOSECONDS.toSeconds(waitNanos + TimeUnit.SECONDS.toNanos(1) - 1);
    }

    /**
     * It was not used after all. At most once, and only if it was taken. What time has filled in
     * since then is not given back again.
     */
    public void giveBack() {
      AddressRate.this.giveBack(address, atNanos);
    }
  }

  private final int perMinute;
  private final long interval;
  private final MonotonicClock time;
  private final byte[] key;

  /**
   * When each cell's bucket is full again, with {@link MonotonicClock#nanos}; a time that is over
   * stands for a full one. So a bucket is one number, and nothing has to fill it. Guarded by this
   * object's lock, which is held for no longer than it takes to read four cells and to write them.
   */
  private final long[] fullAt;

  /**
   * Makes full buckets.
   *
   * @param perMinute tokens a minute, and at once; 0 for no limit
   * @param time measures how much comes in
   */
  public AddressRate(int perMinute, MonotonicClock time) {
    this.perMinute = perMinute;
    this.interval = perMinute == 0 ? 0 : MINUTE / perMinute;
    this.time = time;
    this.fullAt = new long[perMinute == 0 ? 0 : ROWS * CELLS];
    this.key = new byte[16];
    if (perMinute > 0) {
      // Not without need: it takes time at the start.
      new SecureRandom().nextBytes(key);
    }
  }

  /** {@return tokens a minute; 0 for no limit} */
  public int perMinute() {
    return perMinute;
  }

  /**
   * Takes a token.
   *
   * @param address an IP address
   * @return what became of it
   */
  public Charge take(String address) {
    if (perMinute == 0) {
      return new Charge(address, 0, 0);
    }
    int[] cells = cells(address);
    long now = time.nanos();
    return new Charge(address, now, take(cells, now));
  }

  private synchronized long take(int[] cells, long now) {
    long fullest = Long.MAX_VALUE;
    for (int cell : cells) {
      fullest = Math.min(fullest, Math.max(fullAt[cell], now));
    }
    long wait = fullest + interval - now - MINUTE;
    if (wait > 0) {
      return wait;
    }
    for (int cell : cells) {
      fullAt[cell] = Math.max(fullAt[cell], now) + interval;
    }
    return 0;
  }

  private void giveBack(String address, long takenAtNanos) {
    // With time a cell forgets a token by itself. To give back all of it would be a token too many,
    // to this address or to another one with the same cell.
    long left = interval - (time.nanos() - takenAtNanos);
    if (left > 0) {
      int[] cells = cells(address);
      synchronized (this) {
        for (int cell : cells) {
          fullAt[cell] -= left;
        }
      }
    }
  }

  /** One in each row. Without the key an attacker cannot find addresses that share cells. */
  private int[] cells(String address) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    digest.update(key);
    ByteBuffer hash =
        ByteBuffer.wrap(digest.digest(ClientAddress.network(address).getBytes(ISO_8859_1)));
    int[] cells = new int[ROWS];
    for (int row = 0; row < ROWS; row++) {
      cells[row] = row * CELLS + (hash.getInt() & (CELLS - 1));
    }
    return cells;
  }
}
