package dev.tally.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;

/** Takes one connection and gives every message the same reply: a counter that is broken. */
final class FixedReplyServer implements AutoCloseable {

  private static final int MESSAGE_FRAME_BYTES = 6 + Lab.PAYLOAD_BYTES;

  private final ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  private final byte[] frame;
  private final Duration delay;
  private final Thread thread = new Thread(this::serve);

  FixedReplyServer(String reply, Duration delay) throws IOException {
    this.frame = ("\0" + (char) reply.length() + reply).getBytes(US_ASCII);
    frame[0] = (byte) 0x81;
    this.delay = delay;
    thread.start();
  }

  int port() {
    return listener.getLocalPort();
  }

  private void serve() {
    try (Socket socket = listener.accept()) {
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      String head = "";
      while (!head.endsWith("\r\n\r\n")) {
        head += (char) in.read();
      }
      out.write(
          ("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + Wire.ACCEPT + "\r\n\r\n")
              .getBytes(US_ASCII));
      while (in.readNBytes(MESSAGE_FRAME_BYTES).length == MESSAGE_FRAME_BYTES) {
        ServerProcess.sleep(delay);
        out.write(frame);
      }
    } catch (IOException e) {
      // The client ends with a reset.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
