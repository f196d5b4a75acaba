package dev.tally.server.grizzly;

import dev.tally.server.websocket.MaskedFrame;
import dev.tally.server.websocket.Opcode;
import jakarta.websocket.CloseReason;
import java.nio.ByteBuffer;
import org.glassfish.tyrus.spi.CompletionHandler;
import org.glassfish.tyrus.spi.Connection;
import org.glassfish.tyrus.spi.WebSocketEngine.UpgradeInfo;
import org.glassfish.tyrus.spi.Writer;
import org.jspecify.annotations.Nullable;

/**
 * Tyrus's side of a connection: the Jakarta session, and the rules of the closing handshake. What
 * Tyrus sends counts as written once it is taken, because Tyrus's blocking senders would otherwise
 * wait for the very thread that is to write.
 *
 * <p>{@link #open} first. On the selector's thread, apart from the methods of {@link Writer}.
 */
final class TyrusSession extends Writer {

  private static final byte[] EMPTY_CLOSE = {(byte) 0x88, 0};

  /** Takes what Tyrus sends. From any thread, maybe under Tyrus's lock: wait for nothing in it. */
  interface Sink {

    /** A whole frame that is no close frame; only lent. */
    void onTyrusFrame(ByteBuffer frame);

    /** Tyrus's close frame; only lent. Nothing may follow it. */
    void onTyrusClose(ByteBuffer closeFrame);

    /** The Jakarta session is closed; Tyrus's close frame came before. */
    void onTyrusClosed();
  }

  private final Sink sink;
  private @Nullable Connection connection;

  /** The payload of the client's close frame, if it came before ours. */
  private byte @Nullable [] clientClose;

  TyrusSession(Sink sink) {
    this.sink = sink;
  }

  /** Opens the Jakarta session. */
  void open(UpgradeInfo upgrade) {
    // Tyrus closes its writer, and never calls the listener.
    connection = upgrade.createConnection(this, reason -> {});
  }

  boolean isOpened() {
    return connection != null;
  }

  /** Hands over a frame of the client's, or a message as one frame. */
  void receive(int opcode, byte[] payload) {
    Connection opened = connection;
    if (opened != null) {
      if (opcode == Opcode.CLOSE) {
        clientClose = payload;
      }
      opened.getReadHandler().handle(MaskedFrame.of(opcode, payload));
    }
  }

  /** Closes the Jakarta session, with a close frame if there was none. Any number of times. */
  void close(CloseReason reason) {
    Connection opened = connection;
    if (opened != null) {
      opened.close(reason);
    }
  }

  @Override
  public void write(ByteBuffer frame, CompletionHandler<ByteBuffer> completionHandler) {
    if ((frame.get(frame.position()) & 0x0f) != Opcode.CLOSE) {
      sink.onTyrusFrame(frame);
    } else {
      // Tyrus answers 1000 to a close frame without a code; RFC 6455, 5.5.1 wants an echo.
      byte[] echoed = clientClose;
      boolean empty = echoed != null && echoed.length == 0;
      sink.onTyrusClose(empty ? ByteBuffer.wrap(EMPTY_CLOSE) : frame);
    }
    if (completionHandler != null) {
      completionHandler.completed(frame);
    }
  }

  @Override
  public void close() {
    sink.onTyrusClosed();
  }
}
