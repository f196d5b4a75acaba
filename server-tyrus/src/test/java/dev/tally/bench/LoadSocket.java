package dev.tally.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** One client: its handshake, the frames it gets, and the count that it expects next. */
final class LoadSocket {

  private static final int TEXT = 0x81;
  private static final int CLOSE = 0x88;
  private static final int PING = 0x89;
  private static final int LONGER = 126;

  private static final ByteBuffer COUNT = US_ASCII.encode("{\"count\":");
  private static final byte[] EMPTY = {};

  final SocketChannel channel;
  private final long[] dueNanos;
  private boolean open;
  private long sent;
  private long answered;
  private byte[] rest = EMPTY;

  /**
   * A client that may have so many messages unanswered.
   *
   * @param mostUnanswered a bound for every loop that it will be used in
   */
  LoadSocket(SocketChannel channel, int mostUnanswered) {
    this.channel = channel;
    this.dueNanos = new long[mostUnanswered];
  }

  /** Whether the handshake is through. */
  boolean open() {
    return open;
  }

  boolean live() {
    return open && channel.isOpen();
  }

  int unanswered() {
    return (int) (sent - answered);
  }

  boolean full() {
    return unanswered() == dueNanos.length;
  }

  /** Sends a message that was due at the time given. */
  void send(ByteBuffer frame, long due) throws IOException {
    write(frame);
    dueNanos[(int) (sent++ % dueNanos.length)] = due;
  }

  void write(ByteBuffer bytes) throws IOException {
    channel.write(bytes.rewind());
    if (bytes.hasRemaining()) {
      throw new IOException("the server stopped reading");
    }
  }

  /** Reads once and takes what is whole; {@code buffer} is only lent. */
  void read(ByteBuffer buffer, Round round) throws IOException {
    buffer.clear().put(rest);
    if (channel.read(buffer) < 0) {
      throw new IOException("the server closed the connection");
    }
    long now = System.nanoTime();
    buffer.flip();
    if (!open) {
      open = takeResponse(buffer);
    }
    while (open && takeFrame(buffer, round, now)) {}
    rest = buffer.hasRemaining() ? new byte[buffer.remaining()] : EMPTY;
    buffer.get(rest);
  }

  private static boolean takeResponse(ByteBuffer in) throws ProtocolException {
    String head = US_ASCII.decode(in.duplicate()).toString();
    int end = head.indexOf("\r\n\r\n");
    if (end < 0) {
      return false;
    }
    if (!head.startsWith("HTTP/1.1 101 ") || head.indexOf(Wire.ACCEPT) < 0) {
      throw new ProtocolException("the handshake was answered with " + head.lines().toList());
    }
    in.position(in.position() + end + 4);
    return true;
  }

  private boolean takeFrame(ByteBuffer in, Round round, long now) throws IOException {
    int start = in.position();
    if (in.remaining() < 2) {
      return false;
    }
    int first = in.get() & 0xff;
    int length = in.get();
    if (length == LONGER && in.remaining() >= 2) {
      length = in.getShort() & 0xffff;
    } else if (length < 0 || length > LONGER) {
      throw new ProtocolException("a frame of the server is masked or too long");
    }
    if (in.remaining() < length || (length == LONGER && in.position() == start + 2)) {
      in.position(start);
      return false;
    }
    int end = in.position() + length;
    switch (first) {
      case TEXT -> takeText(in, end, round, now);
      case PING -> pong(in, length);
      case CLOSE -> throw new IOException("the server sent a close frame");
      default -> throw new ProtocolException("unexpected first byte of a frame: " + first);
    }
    in.position(end);
    return true;
  }

  private void takeText(ByteBuffer in, int end, Round round, long now) {
    int start = in.position();
    int digits = start + COUNT.remaining();
    if (digits >= end || in.slice(start, COUNT.remaining()).mismatch(COUNT) >= 0) {
      round.others++;
      return;
    }
    long count = 0;
    for (int i = digits; i < end; i++) {
      int digit = in.get(i) - '0';
      if (digit >= 0 && digit <= 9) {
        count = count * 10 + digit;
      }
    }
    if (answered == sent || count != answered + 1) {
      round.mismatches++;
    } else {
      round.replies++;
    }
    if (answered < sent) {
      round.latency.recordValue((now - dueNanos[(int) (answered++ % dueNanos.length)]) / 1000);
    }
  }

  /** A mask of zeros leaves the payload as it is. */
  private void pong(ByteBuffer in, int length) throws IOException {
    ByteBuffer pong = ByteBuffer.allocate(6 + length).put((byte) 0x8a).put((byte) (0x80 | length));
    write(pong.position(6).put(in.slice(in.position(), length)));
  }
}
