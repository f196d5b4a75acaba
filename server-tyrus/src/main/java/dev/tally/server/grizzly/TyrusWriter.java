package dev.tally.server.grizzly;

import java.nio.ByteBuffer;
import org.glassfish.tyrus.spi.CompletionHandler;
import org.glassfish.tyrus.spi.Writer;

/**
 * Tyrus's way out: its frames join ours. They count as written once they are taken, because Tyrus's
 * blocking senders would otherwise wait for the very thread that is to write.
 */
final class TyrusWriter extends Writer {

  /** Takes what Tyrus sends. From any thread, maybe under Tyrus's lock: take no lock of ours. */
  interface Frames {

    /** A whole frame, only lent. */
    void onTyrusFrame(ByteBuffer frame);

    /** Tyrus is done with the connection; its close frame came before. */
    void onTyrusClosed();
  }

  private final Frames frames;

  TyrusWriter(Frames frames) {
    this.frames = frames;
  }

  @Override
  public void write(ByteBuffer frame, CompletionHandler<ByteBuffer> completionHandler) {
    frames.onTyrusFrame(frame);
    if (completionHandler != null) {
      completionHandler.completed(frame);
    }
  }

  @Override
  public void close() {
    frames.onTyrusClosed();
  }
}
