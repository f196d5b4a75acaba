package dev.tally.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** One client that waits for each reply, and makes no garbage. */
final class OneSocket implements AutoCloseable {

  private static final long PATIENCE_NANOS = 30_000_000_000L;

  private final SocketChannel channel;
  private final ByteBuffer message = Wire.maskedText(Lab.PAYLOAD_BYTES);
  private final ByteBuffer in = ByteBuffer.allocateDirect(1024);

  /** Connects as soon as the server listens. */
  OneSocket(int port) throws IOException {
    this.channel = open(port);
    channel.write(Wire.request(port));
    while (in.position() < 4 || in.getInt(in.position() - 4) != 0x0d0a0d0a) {
      read();
    }
  }

  private static SocketChannel open(int port) throws IOException {
    long start = System.nanoTime();
    while (true) {
      try {
        return SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      } catch (IOException e) {
        if (System.nanoTime() - start > PATIENCE_NANOS) {
          throw e;
        }
        ServerProcess.sleep(ServerProcess.POLL);
      }
    }
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
