package dev.tally.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.Locale;

/** What every client sends, byte for byte. */
final class Wire {

  /** The answer to the key, which is RFC 6455's own example. */
  static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

  private static final int MASK = 0x5ca1ab1e;
  private static final int LONGEST = 125;

  private Wire() {}

  static ByteBuffer request(int port) {
    return request(port, "");
  }

  /** With header lines of one's own, each with its end. */
  static ByteBuffer request(int port, String more) {
    String head =
        String.format(
            Locale.ROOT,
            """
        GET /ws/chat/ HTTP/1.1\r
        Host: 127.0.0.1:%d\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        Sec-WebSocket-Version: 13\r
        %s\r
        """,
            port,
            more);
    return direct(head.getBytes(US_ASCII));
  }

  /** A text message in one frame, with the alphabet over and over in it. */
  static ByteBuffer maskedText(int payloadBytes) {
    byte[] payload = new byte[payloadBytes];
    for (int i = 0; i < payloadBytes; i++) {
      payload[i] = (byte) ('a' + i % 26);
    }
    return frame(0x81, payload);
  }

  /** One masked frame. */
  static ByteBuffer frame(int firstByte, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(14 + payload.length).put((byte) firstByte);
    if (payload.length <= LONGEST) {
      frame.put((byte) (0x80 | payload.length));
    } else if (payload.length < 65_536) {
      frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
    } else {
      frame.put((byte) (0x80 | 127)).putLong(payload.length);
    }
    frame.putInt(MASK);
    for (int i = 0; i < payload.length; i++) {
      frame.put((byte) (payload[i] ^ (MASK >>> (24 - 8 * (i % 4)))));
    }
    byte[] bytes = new byte[frame.position()];
    frame.flip().get(bytes);
    return direct(bytes);
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }
}
