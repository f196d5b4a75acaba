package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PushbackInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** A client of bytes: what it sends need not be right. */
final class RawClient implements AutoCloseable {

  static final int CONTINUATION = 0;
  static final int TEXT = 1;
  static final int BINARY = 2;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  private static final byte[] MASK = {0x12, 0x34, 0x56, 0x78};
  private static final int PATIENCE_MILLIS = 120_000;

  final Socket socket;
  private final PushbackInputStream unread;
  private final DataInputStream input;

  /** A frame as it came from the server. */
  static final class Frame {

    private final int opcode;
    private final byte[] payload;

    Frame(int opcode, byte[] payload) {
      this.opcode = opcode;
      this.payload = payload;
    }

    int opcode() {
      return opcode;
    }

    byte[] payload() {
      return payload;
    }

    String text() {
      return new String(payload, StandardCharsets.UTF_8);
    }

    int closeCode() {
      return ByteBuffer.wrap(payload).getShort() & 0xffff;
    }

    String closeReason() {
      return new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
    }

    /** In the words of {@link Frames}, the count in place of a reply. */
    @Override
    public String toString() {
      return switch (opcode) {
        case TEXT -> text().replaceAll("\\{\"count\": (\\d+)}", "count:$1");
        case BINARY -> "binary:" + text();
        case PING -> "ping:" + text();
        case PONG -> "pong:" + text();
        case CLOSE -> "close:" + (payload.length == 0 ? "" : closeCode());
        default -> throw new IllegalStateException("opcode " + opcode);
      };
    }
  }

  /** A response's status line, headers (names in lower case) and body. */
  record Response(String status, Map<String, String> headers, String body) {}

  RawClient(int port) throws IOException {
    this(port, "127.0.0.1");
  }

  /** Connects from one of the loopback addresses. */
  RawClient(int port, String from) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port, InetAddress.getByName(from), 0);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    unread = new PushbackInputStream(socket.getInputStream());
    input = new DataInputStream(unread);
  }

  /** A client whose handshake is done. */
  static RawClient open(int port) throws IOException {
    return open(port, "/ws/chat/");
  }

  static RawClient openTallyV1(int port) throws IOException {
    return open(port, "/ws/chat/", "Sec-WebSocket-Protocol: tally.v1");
  }

  static RawClient open(int port, String target, String... moreHeaders) throws IOException {
    RawClient client = new RawClient(port);
    client.send(handshake(target, moreHeaders).getBytes(StandardCharsets.US_ASCII));
    Response response = client.response();
    if (!response.status().startsWith("101 ")) {
      throw new IOException(response.toString());
    }
    return client;
  }

  static String handshake(String target, String... moreHeaders) {
    return "GET "
        + target
        + " HTTP/1.1\r\nHost: tally.example:8000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        + String.join("", java.util.Arrays.stream(moreHeaders).map(h -> h + "\r\n").toList())
        + "\r\n";
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  /** Sends each byte in a segment of its own. */
  void sendOneByOne(byte[] bytes) throws IOException {
    for (byte b : bytes) {
      send(new byte[] {b});
    }
  }

  /** The same to a server that may answer before the last byte, and end the connection. */
  void sendUntilAnswered(byte[] bytes) throws IOException {
    try {
      for (int i = 0; i < bytes.length && input.available() == 0; i++) {
        send(new byte[] {bytes[i]});
      }
    } catch (SocketException e) {
      // It has ended it; its answer is still to be read.
    }
  }

  void text(String text) throws IOException {
    send(frame(TEXT, text.getBytes(StandardCharsets.UTF_8)));
  }

  static byte[] frame(int opcode, byte[] payload) {
    return frame(0x80 | opcode, payload.length, payload);
  }

  static byte[] fragment(int opcode, byte[] payload) {
    return frame(opcode, payload.length, payload);
  }

  /** A masked frame with any first byte, and a declared length that need not be the payload's. */
  static byte[] frame(int firstByte, long declared, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(14 + payload.length).put((byte) firstByte);
    if (declared >= 0 && declared < 126) {
      frame.put((byte) (0x80 | declared));
    } else if (declared >= 0 && declared < 65_536) {
      frame.put((byte) (0x80 | 126)).putShort((short) declared);
    } else {
      frame.put((byte) (0x80 | 127)).putLong(declared);
    }
    frame.put(MASK);
    for (int i = 0; i < payload.length; i++) {
      frame.put((byte) (payload[i] ^ MASK[i % 4]));
    }
    byte[] bytes = new byte[frame.position()];
    frame.flip().get(bytes);
    return bytes;
  }

  static byte[] closePayload(int code, String reason) {
    byte[] text = reason.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(2 + text.length).putShort((short) code).put(text).array();
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  /** The next frame, which must be whole, unmasked, without reserved bits and of minimal length. */
  Frame next() throws IOException {
    int first = input.readUnsignedByte();
    assertThat(first & 0xf0).as("FIN and reserved bits").isEqualTo(0x80);
    int length = input.readUnsignedByte();
    assertThat(length).as("length and mask bit").isLessThan(128);
    if (length == 126) {
      length = input.readUnsignedShort();
      assertThat(length).isGreaterThan(125);
    } else if (length == 127) {
      length = Math.toIntExact(input.readLong());
      assertThat(length).isGreaterThan(65_535);
    }
    byte[] payload = new byte[length];
    input.readFully(payload);
    return new Frame(first & 0x0f, payload);
  }

  void expectCount(int n) throws IOException {
    assertThat(next()).hasToString("count:" + n);
  }

  /**
   * The next frame must be this close frame. Ends this side in place of an answer, since there may
   * be a frame that is not finished; the connection's orderly end must follow.
   */
  void expectClose(int code, String reason) throws IOException {
    Frame frame = next();
    assertThat(frame).hasToString("close:" + code);
    assertThat(frame.closeReason()).contains(reason);
    socket.shutdownOutput();
    assertThat(atEnd()).isTrue();
  }

  /** Reads until the server ended the connection, which it must do in an orderly way. */
  boolean atEnd() throws IOException {
    try {
      input.readUnsignedByte();
      return false;
    } catch (EOFException e) {
      return true;
    }
  }

  /** Whether something can be read now, the end included. */
  boolean isAnswered() throws IOException {
    socket.setSoTimeout(1);
    try {
      int first = unread.read();
      if (first >= 0) {
        unread.unread(first);
      }
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } finally {
      socket.setSoTimeout(PATIENCE_MILLIS);
    }
  }

  Response response() throws IOException {
    String statusLine = line();
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(java.util.Locale.ROOT),
          line.substring(colon + 1).strip());
    }
    byte[] body = new byte[Integer.parseInt(headers.getOrDefault("content-length", "0"))];
    input.readFully(body);
    return new Response(
        statusLine.substring("HTTP/1.1 ".length()),
        headers,
        new String(body, StandardCharsets.UTF_8));
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = input.readUnsignedByte(); b != '\n'; b = input.readUnsignedByte()) {
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(StandardCharsets.ISO_8859_1);
  }

  /** Ends the connection with a reset in place of a FIN. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
