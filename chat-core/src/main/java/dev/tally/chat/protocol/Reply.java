package dev.tally.chat.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;

/** One text message to a client, in UTF-8. docs/PROTOCOL.md lists them. Immutable. */
public sealed interface Reply {

  /**
   * The size of the payload.
   *
   * @return bytes
   */
  int length();

  /**
   * Writes the payload, without allocating.
   *
   * @param target has at least {@link #length()} bytes left; its position moves to the end of the
   *     payload
   */
  void writeTo(ByteBuffer target);

  /**
   * The payload as text.
   *
   * @return JSON, unless an embedder {@linkplain #push pushed} something else
   */
  String text();

  /**
   * Acknowledges a message.
   *
   * @param n the message's number in the session, from 1
   * @return {@code {"count": n}}
   */
  static Reply count(long n) {
    return new Count(n);
  }

  /**
   * Tells the client that the server is alive.
   *
   * @param now the server's time
   * @return {@code {"type": "heartbeat", "ts": "…"}}
   */
  static Reply heartbeat(Instant now) {
    return new Encoded(
        "{\"type\": \"heartbeat\", \"ts\": \"" + Encoded.MILLISECONDS.format(now) + "\"}");
  }

  /**
   * The first frame of {@code tally.v1}.
   *
   * @param session the id to resume with
   * @param resumed whether the session existed before
   * @param count messages counted in the session so far
   * @param timeToLive how long the session is kept after its last message; in whole seconds
   * @param heartbeat the time between two heartbeats; in whole seconds
   * @param expiresIn the time until the client's token expires; in whole seconds, rounded down;
   *     empty if it does not expire
   * @return the welcome
   */
  static Reply welcome(
      SessionId session,
      boolean resumed,
      long count,
      Duration timeToLive,
      Duration heartbeat,
      Optional<Duration> expiresIn) {
    return new Encoded(
        String.format(
            Locale.ROOT,
            "{\"type\": \"welcome\", \"session_id\": \"%s\", \"resumed\": %b, \"count\": %d, \"ttl_s\": %d, \"heartbeat_s\": %d%s}",
            session.text(),
            resumed,
            count,
            timeToLive.toSeconds(),
            heartbeat.toSeconds(),
            expiresIn.map(left -> ", \"expires_in_s\": " + left.toSeconds()).orElse("")));
  }

  /**
   * The last frame of the plain protocol in a drain.
   *
   * @param total messages counted in the session
   * @return {@code {"bye": true, "total": n}}
   */
  static Reply bye(long total) {
    return new Encoded("{\"bye\": true, \"total\": " + total + "}");
  }

  /**
   * Tells a {@code tally.v1} client of a drain. The connection works on until it is closed.
   *
   * @param total messages counted in the session so far
   * @param retryAfter when the client should open its next connection, from now
   * @param closeIn when this connection will be closed, from now
   * @return the bye
   */
  static Reply bye(long total, Duration retryAfter, Duration closeIn) {
    return new Encoded(
        String.format(
            Locale.ROOT,
            "{\"type\": \"bye\", \"bye\": true, \"total\": %d, \"retry_after_ms\": %d, \"close_in_ms\": %d}",
            total,
            retryAfter.toMillis(),
            closeIn.toMillis()));
  }

  /**
   * Tells a {@code tally.v1} client why it is about to be closed.
   *
   * @param code a word for programs; characters as in detail
   * @param retryAfter when to reconnect, from now
   * @param detail a sentence for people; printable ASCII without quotes or backslashes
   * @return the error
   * @throws IllegalArgumentException if code or detail has any other character
   */
  static Reply error(String code, Duration retryAfter, String detail) {
    Encoded.requirePlain(code);
    Encoded.requirePlain(detail);
    return new Encoded(
        String.format(
            Locale.ROOT,
            "{\"type\": \"error\", \"code\": \"%s\", \"retry_after_ms\": %d, \"detail\": \"%s\"}",
            code,
            retryAfter.toMillis(),
            detail));
  }

  /**
   * A message of an embedder.
   *
   * @param text at most 65,535 bytes in UTF-8
   * @return the text as it is
   * @throws IllegalArgumentException if the text is longer
   */
  static Reply push(String text) {
    Encoded reply = new Encoded(text);
    if (reply.length() > Encoded.MAX_BYTES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a pushed message has at most %d bytes in UTF-8, not %d",
              Encoded.MAX_BYTES,
              reply.length()));
    }
    return reply;
  }

  /**
   * An acknowledgement; made for every message, so it holds only the number.
   *
   * @param n the message's number in the session, from 1
   */
  record Count(long n) implements Reply {

    private static final byte[] PREFIX = "{\"count\": ".getBytes(StandardCharsets.US_ASCII);

    @Override
    public int length() {
      return PREFIX.length + digits(n) + 1;
    }

    @Override
    public void writeTo(ByteBuffer target) {
      target.put(PREFIX);
      int digits = digits(n);
      int start = target.position();
      long rest = n;
      for (int i = start + digits - 1; i >= start; i--) {
        target.put(i, (byte) ('0' + rest % 10));
        rest /= 10;
      }
      target.position(start + digits);
      target.put((byte) '}');
    }

    @Override
    public String text() {
      return "{\"count\": " + n + "}";
    }

    private static int digits(long n) {
      int digits = 1;
      for (long rest = n; rest >= 10; rest /= 10) {
        digits++;
      }
      return digits;
    }
  }

  /** Encoded once, may be sent to many clients. */
  final class Encoded implements Reply {

    private static final DateTimeFormatter MILLISECONDS =
        DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    /** The largest payload of a frame with a length of 16 bits (RFC 6455, 5.2). */
    private static final int MAX_BYTES = 65_535;

    private final byte[] payload;

    /** Requires characters that need no escape in JSON. */
    private static void requirePlain(String text) {
      if (!text.chars().allMatch(c -> c >= ' ' && c <= '~' && c != '"' && c != '\\')) {
        throw new IllegalArgumentException(
            "an error must be printable ASCII without quotes and backslashes, not: " + text);
      }
    }

    private Encoded(String text) {
      this.payload = text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public int length() {
      return payload.length;
    }

    @Override
    public void writeTo(ByteBuffer target) {
      target.put(payload);
    }

    @Override
    public String text() {
      return new String(payload, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return "Reply[" + payload.length + " bytes]";
    }
  }
}
