package dev.tally.server.grizzly;

import dev.tally.chat.ChatSession;
import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.Transport;
import dev.tally.server.websocket.FrameReceiver;
import dev.tally.server.websocket.Liveness;
import dev.tally.server.websocket.MaskedFrame;
import dev.tally.server.websocket.MessageRate;
import dev.tally.server.websocket.Opcode;
import dev.tally.server.websocket.Violation;
import jakarta.websocket.CloseReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalLong;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.tyrus.spi.Connection;
import org.glassfish.tyrus.spi.WebSocketEngine.UpgradeInfo;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket. Tyrus keeps the Jakarta session and the rules of the closing handshake; text goes
 * straight to the {@link ChatSession} once one is attached.
 *
 * <p>Order of calls: {@link #open} on the selector's thread, then {@link #onReadable} and {@link
 * #onWritable} there as the socket says, {@link #onClosed} once at the end. The methods of {@link
 * Transport} and of {@link TyrusWriter.Frames} may come from any thread, at any time.
 */
final class WebSocketConnection extends LoopConnection
    implements Transport, FrameReceiver, TyrusWriter.Frames {

  /** Is told when connections have ended. */
  interface EndListener {

    /** Called once for each connection, from any thread. Nothing of it is used afterwards. */
    void onEnd(WebSocketConnection connection);
  }

  private static final Logger LOGGER = LoggerFactory.getLogger(WebSocketConnection.class);

  private static final byte[] PING = {(byte) 0x89, 0};
  private static final byte[] EMPTY_CLOSE = {(byte) 0x88, 0};

  private enum Phase {
    OPEN,
    /** Our close frame is out; only the client's matters now, and it has some time for it. */
    CLOSING,
    ENDED
  }

  private final Outbound outbound;
  private final Inbound inbound;
  private final Handshake handshake;
  private final ChatMetrics metrics;
  private final EndListener endListener;
  private @Nullable Connection tyrus;
  private @Nullable ChatSession session;

  /** The payload of the client's close frame, if it came before ours. */
  private byte @Nullable [] clientClose;

  /** Whether the client's close frame has come, so that nothing of it is waited for. */
  private boolean clientClosed;

  private volatile Phase phase = Phase.OPEN;
  private volatile @Nullable CloseReason wantedClose;
  private volatile boolean pingWanted;

  /**
   * {@link Liveness#now} when a message, a part of one or a pong last came, or when our close frame
   * went out. Pings do not count: a client that only sends them need not receive anything of ours.
   */
  private volatile long lastReceived;

  WebSocketConnection(
      NIOConnection socket,
      SelectorLoop loop,
      Handshake handshake,
      int maxOutboundBytes,
      @Nullable MessageRate messageRate,
      PausedReaders pausedReaders,
      ChatMetrics metrics,
      EndListener endListener) {
    super(socket, loop);
    this.handshake = handshake;
    this.metrics = metrics;
    this.endListener = endListener;
    this.outbound = new Outbound(this, maxOutboundBytes);
    this.inbound =
        new Inbound(this, this, messageRate, pausedReaders, handshake.extensions().isPresent());
    this.lastReceived = loop.now();
  }

  /** What the client asked for when it connected. */
  Handshake handshake() {
    return handshake;
  }

  /** The handshake succeeded: answers it, opens the Jakarta session, and reads on. */
  void open(ByteBuffer response, UpgradeInfo upgrade, byte[] readAhead) {
    loop.begin(this);
    try {
      outbound.bytes(response);
      // Tyrus closes its writer, and never calls the listener.
      tyrus = upgrade.createConnection(new TyrusWriter(this), reason -> {});
      inbound.accept(readAhead, 0, readAhead.length);
    } catch (RuntimeException e) {
      LOGGER.atError().addKeyValue("event", "error").setCause(e).log("connection failed");
      abort();
    } finally {
      endTurn();
    }
  }

  /** From now on text messages go to the session, not through Tyrus. */
  void attach(ChatSession attached) {
    session = attached;
  }

  // Turns: on the selector's thread.

  void onReadable() {
    loop.begin(this);
    try {
      if (!inbound.read()) {
        socket.terminateSilently();
      } else if (inbound.isInMessage()) {
        noteReceived();
      }
    } catch (IOException e) {
      socket.terminateSilently();
    } catch (RuntimeException e) {
      onDefect(e);
    } finally {
      endTurn();
    }
  }

  void onWritable() {
    loop.begin(this);
    outbound.onWritable();
    endTurn();
  }

  private void onDefect(RuntimeException e) {
    LOGGER.atError().addKeyValue("event", "error").setCause(e).log("message failed");
    // Where the next frame begins is not known any more.
    inbound.stop();
    onViolation(
        new Violation(CloseCode.INTERNAL_ERROR, CloseCode.INTERNAL_ERROR.reason(), "internal"));
  }

  private void noteReceived() {
    long now = loop.now();
    // Most messages come in the same round as the one before: a volatile write costs more.
    if (lastReceived != now && phase == Phase.OPEN) {
      lastReceived = now;
    }
  }

  @Override
  void onTurn() {
    if (phase == Phase.ENDED) {
      inbound.stop();
      outbound.stop();
      return;
    }
    loop.begin(this);
    try {
      inbound.resume();
    } catch (RuntimeException e) {
      onDefect(e);
    } finally {
      endTurn();
    }
  }

  private void endTurn() {
    try {
      CloseReason reason = wantedClose;
      if (isAborted()) {
        socket.terminateSilently();
      } else if (reason != null && phase == Phase.OPEN && tyrus != null) {
        tyrus.close(reason);
      } else if (pingWanted && phase == Phase.OPEN) {
        pingWanted = false;
        outbound.bytes(ByteBuffer.wrap(PING));
      }
      outbound.flush();
      if (phase == Phase.CLOSING) {
        inbound.skip();
        finish();
      }
    } catch (RuntimeException e) {
      LOGGER.atError().addKeyValue("event", "error").setCause(e).log("connection failed");
      socket.terminateSilently();
    } finally {
      loop.end();
    }
  }

  /**
   * Ends the connection once both close frames are exchanged: the server does it first (RFC 6455,
   * 7.1.1). Until then our side stays open too. A client that still sends when it sees our end may
   * lose the close frame that it has not read yet.
   */
  private void finish() {
    if (clientClosed && outbound.isFlushed() && socket.isOpen()) {
      socket.terminateSilently();
    }
  }

  // What the reader finds.

  @Override
  public void onText(byte[] utf8, int from, int to) {
    if (phase != Phase.OPEN) {
      return;
    }
    noteReceived();
    inbound.onMessage();
    ChatSession attached = session;
    if (attached != null) {
      attached.onText(utf8, from, to);
    } else {
      toTyrus(Opcode.TEXT, Arrays.copyOfRange(utf8, from, to));
    }
  }

  @Override
  public boolean takesBinary() {
    return session == null;
  }

  @Override
  public void onBinary(byte[] payload) {
    if (phase == Phase.OPEN) {
      noteReceived();
      inbound.onMessage();
      toTyrus(Opcode.BINARY, payload);
    }
  }

  @Override
  public void onControl(int opcode, byte[] payload) {
    if (opcode == Opcode.CLOSE) {
      clientClose = payload;
      clientClosed = true;
    }
    if (phase != Phase.OPEN) {
      return;
    }
    if (opcode == Opcode.PING) {
      outbound.pong(payload);
    } else {
      noteReceived();
      toTyrus(opcode, payload);
    }
  }

  @Override
  public void onCloseSkipped() {
    clientClosed = true;
  }

  @Override
  public void onViolation(Violation violation) {
    if (phase != Phase.OPEN) {
      return;
    }
    metrics.error(violation.kind());
    ChatSession attached = session;
    if (attached != null) {
      // The session closes it then, and takes no more messages.
      attached.refuse(violation.code(), violation.reason());
    } else {
      close(violation.code(), violation.reason());
    }
  }

  private void toTyrus(int opcode, byte[] payload) {
    if (tyrus != null) {
      tyrus.getReadHandler().handle(MaskedFrame.of(opcode, payload));
    }
  }

  // What the core wants: from any thread.

  @Override
  public void send(Reply reply) {
    if (phase == Phase.OPEN) {
      outbound.text(reply);
    }
  }

  @Override
  public void close(CloseCode code, String reason) {
    if (wantedClose == null && phase == Phase.OPEN) {
      wantedClose = new CloseReason(CloseReason.CloseCodes.getCloseCode(code.code()), reason);
      wantTurn();
    }
  }

  @Override
  public void opened(Lease lease) {
    ConnectionLog.opened(handshake, lease);
  }

  @Override
  public void closed(int code, OptionalLong count, Duration duration) {
    ConnectionLog.closed(handshake, code, count, duration);
  }

  // What Tyrus wants.

  @Override
  public void onTyrusFrame(ByteBuffer frame) {
    if (phase != Phase.OPEN) {
      return;
    }
    if ((frame.get(frame.position()) & 0x0f) == Opcode.CLOSE) {
      // Tyrus answers 1000 to a close frame without a code; RFC 6455, 5.5.1 wants an echo.
      byte[] echoed = clientClose;
      boolean empty = echoed != null && echoed.length == 0;
      // Not only when Tyrus says that it is done: other threads may send replies until then.
      outbound.seal(empty ? ByteBuffer.wrap(EMPTY_CLOSE) : frame);
    } else {
      outbound.bytes(frame);
    }
  }

  @Override
  public void onTyrusClosed() {
    synchronized (this) {
      if (phase != Phase.OPEN) {
        return;
      }
      lastReceived = loop.now();
      phase = Phase.CLOSING;
    }
    wantTurn();
  }

  // What else may happen: from any thread.

  /** Pings a silent client, cuts off a dead one. Once in each round of the sweep. */
  void check(Liveness liveness) {
    switch (phase) {
      case OPEN -> checkOpen(liveness);
      case CLOSING -> {
        if (liveness.isCloseOverdue(lastReceived)) {
          abort();
        } else {
          wantTurn();
        }
      }
      case ENDED -> {
        // About to leave the registry.
      }
    }
  }

  private void checkOpen(Liveness liveness) {
    if (inbound.isPaused()) {
      // What it sends is not read, so its silence says nothing.
      lastReceived = liveness.now();
    }
    switch (liveness.check(lastReceived)) {
      case PING -> {
        pingWanted = true;
        wantTurn();
      }
      case DEAD -> cutOff("dead_peer");
      case ALIVE -> {
        // Nothing to do.
      }
    }
  }

  @Override
  void cutOff(String kind) {
    if (!isAborted()) {
      metrics.error(kind);
      abort();
    }
  }

  /** Ends the connection at once, without a close frame. From any thread. */
  void terminate() {
    socket.terminateSilently();
  }

  /** The socket is closed, by either side. From any thread, any number of times. */
  void onClosed() {
    Phase before;
    synchronized (this) {
      before = phase;
      phase = Phase.ENDED;
    }
    if (before == Phase.ENDED) {
      return;
    }
    // Not inbound.stop(): this may be another thread, while the reader is in the middle of a frame.
    enqueue();
    try {
      if (tyrus != null) {
        tyrus.close(
            new CloseReason(CloseReason.CloseCodes.CLOSED_ABNORMALLY, CloseCode.ABNORMAL.reason()));
      }
    } finally {
      // Last: the connection that gets its place finds nothing left of this one.
      endListener.onEnd(this);
    }
  }

  /** Whether the socket is closed. */
  boolean isGone() {
    return !socket.isOpen();
  }

  /** Bytes that wait for the client to read. From any thread. */
  int queuedBytes() {
    return outbound.queuedBytes();
  }
}
