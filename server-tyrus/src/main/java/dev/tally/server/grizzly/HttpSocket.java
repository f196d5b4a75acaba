package dev.tally.server.grizzly;

import dev.tally.metrics.http.HeadLimits;
import dev.tally.metrics.http.RequestHead;
import dev.tally.server.http.HttpAnswer;
import dev.tally.server.websocket.BufferBudget;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.EmptyCompletionHandler;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.asyncqueue.WritableMessage;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.Protocol;
import org.glassfish.grizzly.http.util.FastHttpDateFormat;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.grizzly.nio.transport.TCPNIOTransport;

/**
 * A socket that is no WebSocket, or not yet. Its answers go to Grizzly's write queue, which takes
 * them however long it is: nothing waits here. Look at {@link #waitingBytes} before each answer, so
 * that what one socket holds is bounded. For its selector's thread, apart from what {@link
 * HttpSockets} guards.
 */
final class HttpSocket {

  /** What a piece of a head takes besides its bytes. */
  private static final int PIECE_BYTES = 256;

  final NIOConnection connection;

  /** Whose it is: see {@link HttpSockets}. */
  final String network;

  /** When it connected, or when its last complete request came. Guarded by {@link HttpSockets}. */
  long sinceMillis;

  /** Puts sockets in the order of {@link #sinceMillis}. Guarded by {@link HttpSockets}. */
  long turn;

  /** Whether it has sent no complete request yet. Guarded by {@link HttpSockets}. */
  boolean first = true;

  /** Whether it waits for its next request. Guarded by {@link HttpSockets}. */
  boolean idle;

  /** Reads the requests ahead of the codec. */
  final RequestHead head;

  /** How many bytes of the unfinished head were read. */
  int headBytesRead;

  private final BufferBudget budget;
  private int held;
  private boolean gone;
  private int pieces;
  private int headBytes;
  private int unwritten;
  private volatile boolean closing;

  HttpSocket(NIOConnection connection, String network, HeadLimits limits, BufferBudget budget) {
    this.head = new RequestHead(limits);
    this.connection = connection;
    this.network = network;
    this.budget = budget;
  }

  /** Takes bytes of the budget; false if it has none left, or this socket is at its end. */
  synchronized boolean take(int bytes) {
    if (gone || !budget.take(bytes)) {
      return false;
    }
    held += bytes;
    return true;
  }

  private synchronized void giveBack(int bytes) {
    if (!gone) {
      held -= bytes;
      budget.release(bytes);
    }
  }

  /** At the end. From any thread. */
  synchronized void giveBackAll() {
    gone = true;
    budget.release(held);
    held = 0;
  }

  /** What it has of the budget. From any thread. */
  synchronized int held() {
    return held;
  }

  /** How much more an unfinished head takes now that it is so long. */
  int growHead(int bytes) {
    int before = headBytes;
    headBytes = bytes + ++pieces * PIECE_BYTES;
    return headBytes - before;
  }

  /** The head is complete. */
  void endHead() {
    giveBack(headBytes);
    headBytes = 0;
    pieces = 0;
  }

  /** Whether its last answer is on the way. What else the client sends is read, not looked at. */
  boolean isClosing() {
    return closing;
  }

  /** Bytes that the client has not taken yet. From any thread. */
  int waitingBytes() {
    return connection.getAsyncWriteQueue().spaceInBytes();
  }

  /**
   * Answers a request, and keeps the connection if the client wants to. {@link
   * HttpAnswer#queuedBytes} were taken for it, as for {@link #refuse}.
   */
  void answer(HttpRequestPacket request, HttpAnswer answer) {
    boolean keep = request.getProcessingState().isKeepAlive() && !request.isUpgrade();
    // Otherwise a body that turns out to be broken would get an answer of its own.
    request.getResponse().setCommitted(true);
    String keptAlive = request.getProtocol() == Protocol.HTTP_1_0 ? "keep-alive" : "";
    boolean head = Method.HEAD.equals(request.getMethod());
    write(
        answer,
        answer.head(keep ? keptAlive : "close", FastHttpDateFormat.getCurrentDate()),
        head ? new byte[0] : answer.body());
    if (!keep) {
      close();
    }
  }

  /**
   * Answers, and ends the connection behind it.
   *
   * @param withBody false if the request's method is {@code HEAD}
   */
  void refuse(HttpAnswer answer, boolean withBody) {
    write(
        answer,
        answer.head("close", FastHttpDateFormat.getCurrentDate()),
        withBody ? answer.body() : new byte[0]);
    close();
  }

  /**
   * Ends our half of the connection behind what was written. The client's half stays open until the
   * client ends it or the sweep does: with input left unread, the system would reset the
   * connection, and the client might lose the answer.
   */
  void close() {
    closing = true;
    if (unwritten == 0) {
      shutdown();
    }
  }

  private void shutdown() {
    try {
      ((SocketChannel) connection.getChannel()).shutdownOutput();
    } catch (IOException e) {
      connection.terminateSilently();
    }
  }

  private void write(HttpAnswer answer, byte[] head, byte[] body) {
    Buffer message;
    if (body.length <= HttpAnswer.SHORT_BODY_BYTES) {
      message = wrap(ByteBuffer.allocate(head.length + body.length).put(head).put(body).flip());
    } else {
      message =
          Buffers.appendBuffers(
              connection.getMemoryManager(),
              wrap(ByteBuffer.wrap(head)),
              wrap(ByteBuffer.wrap(body)));
    }
    unwritten++;
    ((TCPNIOTransport) connection.getTransport())
        .getAsyncQueueIO()
        .getWriter()
        .write(connection, message, new QueuedAnswer(answer.queuedBytes()));
  }

  private Buffer wrap(ByteBuffer bytes) {
    return Buffers.wrap(connection.getMemoryManager(), bytes);
  }

  /** Stands for an answer in the queue. */
  private final class QueuedAnswer
      extends EmptyCompletionHandler<WriteResult<WritableMessage, SocketAddress>> {

    private final int bytes;

    QueuedAnswer(int bytes) {
      this.bytes = bytes;
    }

    @Override
    public void completed(WriteResult<WritableMessage, SocketAddress> result) {
      giveBack(bytes);
      if (--unwritten == 0 && closing) {
        shutdown();
      }
    }

    @Override
    public void failed(Throwable throwable) {
      giveBack(bytes);
    }

    @Override
    public void cancelled() {
      giveBack(bytes);
    }
  }
}
