package dev.tally.server.grizzly;

import java.nio.ByteBuffer;
import org.glassfish.tyrus.spi.CompletionHandler;
import org.glassfish.tyrus.spi.Writer;

/**
 * Tyrus's way out: its frames join ours. They count as written once they are taken, since Tyrus's
 * blocking senders would otherwise wait on the very thread that is to write.
 */
final class TyrusWriter extends Writer {

  private final WebSocketConnection connection;

  TyrusWriter(WebSocketConnection connection) {
    this.connection = connection;
  }

  @Override
  public void write(ByteBuffer frame, CompletionHandler<ByteBuffer> completionHandler) {
    connection.sendFrame(frame);
    if (completionHandler != null) {
      completionHandler.completed(frame);
    }
  }

  @Override
  public void close() {
    connection.onTyrusClosed();
  }
}
