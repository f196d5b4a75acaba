package dev.tally.server.grizzly;

import dev.tally.chat.ChatSession;
import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.Transport;
import jakarta.websocket.CloseReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.tyrus.spi.Connection;
import org.glassfish.tyrus.spi.WebSocketEngine.UpgradeInfo;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket. Its selector's thread gives it turns: to read what came, to write what gathered,
 * to close. Other threads only leave something and ask for a turn. Tyrus keeps the Jakarta session
 * and does the control frames; text goes straight to the {@link ChatSession} once one is attached.
 */
final class WebSocketConnection implements Transport, FrameReader.Receiver {

  private static final Logger LOGGER = LoggerFactory.getLogger(WebSocketConnection.class);

  private static final AtomicIntegerFieldUpdater<WebSocketConnection> QUEUED =
      AtomicIntegerFieldUpdater.newUpdater(WebSocketConnection.class, "queued");

  private static final byte[] EMPTY_CLOSE = {(byte) 0x88, 0};

  private enum Phase {
    OPEN,
    /** Our close frame is out; only the client's matters now, and it has some time for it. */
    CLOSING,
    ENDED
  }

  private final NIOConnection socket;
  private final SelectorLoop loop;
  private final Outbound outbound;
  private final Inbound inbound;
  private final ConnectionRegistry registry;
  private final Client client;
  private @Nullable Connection tyrus;
  private @Nullable ChatSession session;

  /** The payload of the client's close frame, if it came before ours. */
  private byte @Nullable [] clientClose;

  /** Whether the client's close frame has come, so that nothing of it is waited for. */
  private boolean clientClosed;

  private volatile Phase phase = Phase.OPEN;
  private volatile @Nullable CloseReason wantedClose;
  private volatile boolean pingWanted;
  private volatile boolean doomed;

  /**
   * {@link Liveness#now} when a message, a part of one or a pong last came, or when our close frame
   * went out. Pings do not count: a client that only sends them need not hear us.
   */
  private volatile long heard;

  /** 1 while it stands in the loop's queue; an object for it would be one more per connection. */
  @SuppressWarnings("UnusedVariable") // QUEUED reads it.
  private volatile int queued;

  WebSocketConnection(
      NIOConnection socket, SelectorLoop loop, ConnectionRegistry registry, Handshake handshake) {
    this.socket = socket;
    this.loop = loop;
    this.registry = registry;
    this.outbound = new Outbound(this, socket, loop);
    this.inbound = new Inbound(this, socket, loop, registry, handshake.extensions().isPresent());
    this.heard = registry.liveness().now();
    this.client =
        new Client(handshake.sessionId(), handshake.requestId(), handshake.address(), this);
  }

  Client client() {
    return client;
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
      doom();
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
        touch();
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
    refuse(CloseCode.INTERNAL_ERROR, CloseCode.INTERNAL_ERROR.reason(), "internal");
  }

  private void touch() {
    long now = registry.liveness().now();
    if (heard != now && phase == Phase.OPEN) {
      heard = now;
    }
  }

  void takeTurn() {
    queued = 0;
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
      if (doomed) {
        socket.terminateSilently();
      } else if (reason != null && phase == Phase.OPEN && tyrus != null) {
        tyrus.close(reason);
      } else if (pingWanted && phase == Phase.OPEN) {
        pingWanted = false;
        outbound.bytes(ByteBuffer.wrap(registry.ping()));
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
    touch();
    inbound.onMessage();
    ChatSession attached = session;
    if (attached != null) {
      attached.onText(utf8, from, to);
    } else {
      toTyrus(FrameReader.TEXT, Arrays.copyOfRange(utf8, from, to));
    }
  }

  @Override
  public boolean takesBinary() {
    return session == null;
  }

  @Override
  public int maxMessageBytes() {
    return registry.settings().maxMessageBytes();
  }

  @Override
  public void onBinary(byte[] payload) {
    if (phase == Phase.OPEN) {
      touch();
      inbound.onMessage();
      toTyrus(FrameReader.BINARY, payload);
    }
  }

  @Override
  public void onControl(int opcode, byte[] payload) {
    if (opcode == FrameReader.CLOSE) {
      clientClose = payload;
      clientClosed = true;
    }
    if (phase != Phase.OPEN) {
      return;
    }
    if (opcode == FrameReader.PING) {
      outbound.pong(payload);
    } else {
      touch();
      toTyrus(opcode, payload);
    }
  }

  @Override
  public void onCloseSkipped() {
    clientClosed = true;
  }

  @Override
  public boolean onSmallFrame() {
    return inbound.onSmallFrame();
  }

  @Override
  public void onViolation(CloseCode code, String reason) {
    refuse(
        code,
        reason,
        switch (code) {
          case MESSAGE_TOO_BIG -> "too_big";
          case INVALID_PAYLOAD -> "invalid_utf8";
          case UNSUPPORTED_DATA -> "unsupported_data";
          default -> "protocol";
        });
  }

  @Override
  public void onLimit(CloseCode code, String reason, String kind) {
    refuse(code, reason, kind);
  }

  private void refuse(CloseCode code, String reason, String kind) {
    if (phase != Phase.OPEN) {
      return;
    }
    metrics().error(kind);
    ChatSession attached = session;
    if (attached != null) {
      attached.refuse(code, reason);
    } else {
      close(code, reason);
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
    ConnectionLog.opened(client, lease);
  }

  @Override
  public void closed(int code, OptionalLong count, Duration duration) {
    ConnectionLog.closed(client, code, count, duration);
  }

  // What Tyrus wants.

  void sendFrame(ByteBuffer frame) {
    if (phase != Phase.OPEN) {
      return;
    }
    if ((frame.get(frame.position()) & 0x0f) == FrameReader.CLOSE) {
      // Tyrus answers 1000 to a close frame without a code; RFC 6455, 5.5.1 wants an echo.
      byte[] echoed = clientClose;
      boolean empty = echoed != null && echoed.length == 0;
      // Not only when Tyrus says that it is done: other threads may send replies until then.
      outbound.seal(empty ? ByteBuffer.wrap(EMPTY_CLOSE) : frame);
    } else {
      outbound.bytes(frame);
    }
  }

  /** Tyrus is done with the connection; its close frame is on the way. */
  void onTyrusClosed() {
    synchronized (this) {
      if (phase != Phase.OPEN) {
        return;
      }
      heard = registry.liveness().now();
      phase = Phase.CLOSING;
    }
    wantTurn();
  }

  // What else may happen: from any thread.

  void wantTurn() {
    if (!loop.isTurnOf(this)) {
      enqueue();
    }
  }

  private void enqueue() {
    if (QUEUED.compareAndSet(this, 0, 1)) {
      loop.enqueue(this);
    }
  }

  /** The sweep came by: pings a silent client, gives up one that stays silent. */
  void tick() {
    Liveness liveness = registry.liveness();
    switch (phase) {
      case OPEN -> {
        if (inbound.isPaused()) {
          heard = liveness.now();
        }
        switch (liveness.of(heard)) {
          case PING -> {
            pingWanted = true;
            wantTurn();
          }
          case DEAD -> giveUp("dead_peer");
          case ALIVE -> {
            // Nothing to do.
          }
        }
      }
      case CLOSING -> {
        if (liveness.isCloseOverdue(heard)) {
          doom();
        } else {
          wantTurn();
        }
      }
      case ENDED -> {
        // About to leave the registry.
      }
    }
  }

  void onSlowConsumer() {
    giveUp("slow_consumer");
  }

  private void giveUp(String kind) {
    if (!doomed) {
      metrics().error(kind);
      doom();
    }
  }

  void onBroken() {
    doom();
  }

  private void doom() {
    doomed = true;
    enqueue();
  }

  /** Cuts the connection without another word. */
  void terminate() {
    socket.terminateSilently();
  }

  /** The socket is gone, whoever closed it. */
  void onClosed() {
    Phase before;
    synchronized (this) {
      before = phase;
      phase = Phase.ENDED;
    }
    if (before == Phase.ENDED) {
      return;
    }
    // Not reader.stop(): this may be another thread, and the reader in the middle of a frame.
    enqueue();
    try {
      if (tyrus != null) {
        tyrus.close(
            new CloseReason(CloseReason.CloseCodes.CLOSED_ABNORMALLY, CloseCode.ABNORMAL.reason()));
      }
    } finally {
      // Last: whoever gets the place finds nothing left of this one.
      registry.remove(this);
    }
  }

  /** Something that was to be sent is lost, so nothing may follow it. */
  boolean isDoomed() {
    return doomed;
  }

  /** Whether messages are taken and answered. */
  boolean isOpen() {
    return phase == Phase.OPEN;
  }

  boolean isGone() {
    return !socket.isOpen();
  }

  int maxOutboundBytes() {
    return registry.settings().maxOutboundBytes();
  }

  int queuedBytes() {
    return outbound.queuedBytes();
  }

  private ChatMetrics metrics() {
    return registry.metrics();
  }
}
