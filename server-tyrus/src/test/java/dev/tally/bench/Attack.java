package dev.tally.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;

/** What one unkind host does. All of its sockets do the same, and none of them ever reads. */
enum Attack {
  NOTHING("nothing", Opening.CONNECT, Return.NEVER),
  READERS("%,d HTTP readers that never read", Opening.CONNECT, Return.NEVER),
  UNFINISHED("%,d messages of 64 KiB that end after 33,000 bytes", Opening.UPGRADE, Return.NEVER),
  PINGS("%,d sockets that ping and never read", Opening.UPGRADE, Return.NEVER),
  FRAGMENTS("%,d sockets that send empty fragments", Opening.UPGRADE, Return.NEVER),
  MESSAGES("%,d sockets that send one-byte messages and never read", Opening.UPGRADE, Return.NEVER),
  PENDING("%,d sockets that send while Redis is paused", Opening.UPGRADE, Return.NEVER),
  CONNECTS("connects at full rate, %,d at a time", Opening.UPGRADE, Return.AT_ONCE),
  IDLE("%,d idle HTTP sockets", Opening.CONNECT, Return.SOON),
  ADMIN("%,d unfinished requests to the admin port", Opening.CONNECT, Return.SOON);

  /** The least that Linux gives, so that what is not read waits at the server. */
  static final int SMALLEST_WINDOW = 2304;

  private static final int CONTINUATION = 0x00;
  private static final int TEXT = 0x01;
  private static final int FIN_TEXT = 0x81;
  private static final int FIN_PING = 0x89;

  private static final String HEAD = "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n";

  final Opening opening;
  final Return comesBack;
  private final String title;

  Attack(String title, Opening opening, Return comesBack) {
    this.title = title;
    this.opening = opening;
    this.comesBack = comesBack;
  }

  /** What a socket does before the attack begins. */
  enum Opening {
    CONNECT,
    UPGRADE
  }

  /** What the attacker does about a socket that the server ended. */
  enum Return {
    NEVER,
    /** A tenth of a second later. */
    SOON,
    /** And it ends each socket itself as soon as it is open. */
    AT_ONCE
  }

  /**
   * Some bytes that are sent again and again, each time by a call of its own.
   *
   * @param bytes from position 0 to the limit; only ever duplicated
   * @param times how often
   */
  record Burst(ByteBuffer bytes, int times) {}

  String title(int sockets) {
    return title.formatted(sockets);
  }

  /** What each socket sends once it is open, one after the other. */
  List<Burst> script() throws IOException {
    return switch (this) {
      case NOTHING, CONNECTS -> List.of();
      case READERS -> List.of(burst(30, many(100, request("/client/tally-client.js"))));
      case UNFINISHED -> List.of(burst(1, startOfMessage(65_536, 33_000)));
      case PINGS -> {
        // The kernel takes the first answers. Behind them each small one waits by itself.
        int filling = (kernelBytes() + 32_768) / 127;
        yield List.of(
            burst(filling / 100, many(100, frame(FIN_PING, 125))),
            burst(200_000, frame(FIN_PING, 0)));
      }
      case FRAGMENTS ->
          List.of(burst(1, frame(TEXT, 0)), burst(10_000, many(1000, frame(CONTINUATION, 0))));
      case MESSAGES -> List.of(burst(10_000, many(1000, frame(FIN_TEXT, 1))));
      // One message less than a session may have waiting, and just so long that 47 times all of
      // them, with 64 bytes each, are --max-pending-bytes.
      case PENDING -> List.of(burst(1023, frame(FIN_TEXT, 1336)));
      case IDLE -> List.of(burst(1, request("/healthz")));
      case ADMIN -> List.of(burst(1, HEAD.formatted("/metrics").getBytes(US_ASCII)));
    };
  }

  private static Burst burst(int times, byte[] bytes) {
    return new Burst(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip(), times);
  }

  private static byte[] request(String path) {
    return (HEAD + "\r\n").formatted(path).getBytes(US_ASCII);
  }

  private static byte[] many(int times, byte[] bytes) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < times; i++) {
      all.writeBytes(bytes);
    }
    return all.toByteArray();
  }

  /** A mask of zeros and a payload of zeros: valid text. */
  private static byte[] frame(int firstByte, int payloadBytes) {
    int lengthBytes = payloadBytes < 126 ? 0 : 2;
    ByteBuffer frame = ByteBuffer.allocate(6 + lengthBytes + payloadBytes).put((byte) firstByte);
    if (lengthBytes == 0) {
      frame.put((byte) (0x80 | payloadBytes));
    } else {
      frame.put((byte) 0xfe).putShort((short) payloadBytes);
    }
    return frame.array();
  }

  private static byte[] startOfMessage(long declaredBytes, int payloadBytes) {
    ByteBuffer frame = ByteBuffer.allocate(14 + payloadBytes).put((byte) FIN_TEXT);
    return frame.put((byte) 0xff).putLong(declaredBytes).array();
  }

  /** How much this kernel takes of a connection whose other end never reads. */
  private static int kernelBytes() throws IOException {
    try (ServerSocketChannel listener = ServerSocketChannel.open();
        SocketChannel reader = SocketChannel.open()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      reader.setOption(StandardSocketOptions.SO_RCVBUF, SMALLEST_WINDOW);
      reader.connect(listener.getLocalAddress());
      try (SocketChannel writer = listener.accept()) {
        writer.configureBlocking(false);
        ByteBuffer bytes = ByteBuffer.allocateDirect(127);
        int taken = 0;
        for (int n = 1; n > 0; taken += n) {
          n = writer.write(bytes.rewind());
        }
        return taken;
      }
    }
  }
}
