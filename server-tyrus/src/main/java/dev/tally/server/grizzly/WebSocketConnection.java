package dev.tally.server.grizzly;

import dev.tally.chat.ChatSession;
import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.Transport;
import dev.tally.server.handshake.AddressRate;
import dev.tally.server.handshake.Handshake;
import dev.tally.server.websocket.FrameReceiver;
import dev.tally.server.websocket.Liveness;
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
import org.glassfish.tyrus.spi.WebSocketEngine.UpgradeInfo;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket. What the client sends goes to Tyrus, but text goes straight to the {@link
 * ChatSession} once one is attached. What both send goes out here. A close is Tyrus's matter: its
 * close frame is the last thing sent, and the socket ends once the client's has come.
 *
 * <p>Order of calls: {@link #open} on the selector's thread, then {@link #onReadable} and {@link
 * #onWritable} there as the socket says, {@link #onClosed} once at the end. The methods of {@link
 * Transport} and of {@link TyrusSession.Sink} may come from any thread, at any time.
 */
final class WebSocketConnection extends LoopConnection
    implements Transport, FrameReceiver, TyrusSession.Sink {

  /** Is told when connections have ended. */
  interface EndListener {

    /** Called once for each connection, from any thread. Nothing of it is used afterwards. */
    void onEnd(WebSocketConnection connection);
  }

  private static final Logger LOGGER = LoggerFactory.getLogger(WebSocketConnection.class);

  private static final byte[] PING = {(byte) 0x89, 0};

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
  private final TyrusSession tyrus = new TyrusSession(this);

  /** Until the store says whether the session is new. */
  private AddressRate.@Nullable Charge charge;

  /** Attached while Tyrus opens the endpoint, so before the first message is read. */
  private @Nullable ChatSession session;

  /** Whether the client's close frame has come, so that nothing of it is waited for. */
  private boolean clientClosed;

  /** Only goes forward. Changed under this connection's lock, read without it. */
  private volatile Phase phase = Phase.OPEN;

  /** For the next turn. The first one counts; what the session wants later comes too late. */
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

  /** What a new session was charged. Before {@link #open}. */
  void charged(AddressRate.Charge session) {
    charge = session;
  }

  /** The handshake succeeded: answers it, opens the Jakarta session, and reads on. */
  void open(ByteBuffer response, UpgradeInfo upgrade, byte[] readAhead) {
    loop.begin(this);
    try {
      // In this order: the endpoint may send in onOpen, and what it sends must not overtake the
      // response; and the session that gets the first message is attached there.
      outbound.bytes(response);
      tyrus.open(upgrade);
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
        // The client has ended its half, and no close frame came: there is nothing to wait for.
        socket.terminateSilently();
      } else if (inbound.isInMessage()) {
        // A long message on a slow link: each part of it shows that the client is alive.
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

  @Override
  void onTurn() {
    if (phase == Phase.ENDED) {
      // What the connection holds goes back to the budgets here and not in onClosed: only this
      // thread may touch it.
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

  /** Does what was left for this turn, sends everything in one write, and ends what is over. */
  private void endTurn() {
    try {
      CloseReason reason = wantedClose;
      if (isAborted()) {
        socket.terminateSilently();
      } else if (reason != null && phase == Phase.OPEN && tyrus.isOpened()) {
        // Here, behind the replies of this turn, and ahead of the flush that sends them all.
        tyrus.close(reason);
      } else if (pingWanted && phase == Phase.OPEN) {
        pingWanted = false;
        outbound.bytes(ByteBuffer.wrap(PING));
      }
      outbound.flush();
      if (phase == Phase.CLOSING) {
        // In each turn: the close frame may have gone out while the reader was in a message.
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
      // Closed by a message of the same read: what comes behind it is not counted.
      return;
    }
    noteReceived();
    inbound.onMessage();
    ChatSession attached = session;
    if (attached != null) {
      attached.onText(utf8, from, to);
    } else {
      // Tyrus keeps what it gets, and the array is only lent.
      tyrus.receive(Opcode.TEXT, Arrays.copyOfRange(utf8, from, to));
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
      tyrus.receive(Opcode.BINARY, payload);
    }
  }

  @Override
  public void onControl(int opcode, byte[] payload) {
    if (opcode == Opcode.CLOSE) {
      clientClosed = true;
    }
    if (phase != Phase.OPEN) {
      return;
    }
    if (opcode == Opcode.PING) {
      // Not through Tyrus, which would queue a pong for every ping of a client that never reads.
      outbound.pong(payload);
    } else {
      noteReceived();
      tyrus.receive(opcode, payload);
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

  // What the chat session wants: from any thread.

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
    AddressRate.Charge charged = charge;
    charge = null;
    if (charged != null && lease.resumed()) {
      charged.giveBack();
    }
    ConnectionLog.opened(LOGGER, handshake, lease);
  }

  @Override
  public void closed(int code, OptionalLong count, Duration duration) {
    ConnectionLog.closed(LOGGER, handshake, code, count, duration);
  }

  // What Tyrus sends: from any thread.

  @Override
  public void onTyrusFrame(ByteBuffer frame) {
    if (phase == Phase.OPEN) {
      outbound.bytes(frame);
    }
  }

  @Override
  public void onTyrusClose(ByteBuffer closeFrame) {
    if (phase == Phase.OPEN) {
      // Not only when the session is closed: until then other threads may still send replies.
      outbound.seal(closeFrame);
    }
  }

  @Override
  public void onTyrusClosed() {
    // Under the lock: otherwise a socket that ends just now could go back from ENDED to CLOSING.
    synchronized (this) {
      if (phase != Phase.OPEN) {
        return;
      }
      lastReceived = loop.now();
      phase = Phase.CLOSING;
    }
    wantTurn();
  }

  // What the sweep wants: on its thread.

  /** Whether our close frame is out and the socket is still open. */
  boolean isClosing() {
    return phase == Phase.CLOSING;
  }

  /** Whether messages are taken and answered. */
  boolean isOpen() {
    return phase == Phase.OPEN;
  }

  /** Whether nothing is read, because the client is ahead of its message rate. */
  boolean isPaused() {
    return inbound.isPaused();
  }

  /**
   * {@link Liveness#now} when something last came of an open connection, or when the close frame of
   * a closing one went out.
   */
  long lastReceived() {
    return lastReceived;
  }

  /** Something came, so the client is alive. */
  void noteReceived() {
    long now = loop.now();
    // Most messages come in the same round as the one before: a volatile write costs more.
    if (lastReceived != now && phase == Phase.OPEN) {
      lastReceived = now;
    }
  }

  /** Sends a ping in its next turn. */
  void ping() {
    pingWanted = true;
    wantTurn();
  }

  // The end.

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
    // The turn does it.
    enqueue();
    try {
      tyrus.close(
          new CloseReason(CloseReason.CloseCodes.CLOSED_ABNORMALLY, CloseCode.ABNORMAL.reason()));
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
