package dev.tally.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** One client that waits for each reply, and makes no garbage. */
final class OneSocket implements AutoCloseable {

  private final SocketChannel channel;
  private final ByteBuffer message = Wire.maskedText(Lab.PAYLOAD_BYTES);
  private final ByteBuffer in = ByteBuffer.allocateDirect(1024);

  OneSocket(int port) throws IOException {
    this.channel =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.write(Wire.request(port));
    while (in.hasRemaining() && !response().contains("\r\n\r\n")) {
      read();
    }
  }

  private String response() {
    return US_ASCII.decode(in.duplicate().flip()).toString();
  }

  /** Whether the handshake succeeded; to be asked before anything else. */
  boolean upgraded() {
    return response().startsWith("HTTP/1.1 101 ");
  }

  private void read() throws IOException {
    if (channel.read(in) < 0) {
      throw new IOException("the server closed the connection");
    }
  }

  /** Sends a message and reads one frame. */
  void exchange() throws IOException {
    channel.write(message.rewind());
    in.clear();
    while (in.position() < 2 || in.position() < 2 + in.get(1)) {
      read();
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
