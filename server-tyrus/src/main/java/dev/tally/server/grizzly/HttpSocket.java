package dev.tally.server.grizzly;

import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.EmptyCompletionHandler;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.asyncqueue.WritableMessage;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.Protocol;
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

  /** What the queue keeps for an answer besides its bytes. */
  private static final int RECORD_BYTES = 512;

  /** Up to here a copy of the body costs less than a buffer that shares it. */
  private static final int SHORT_BODY_BYTES = 1024;

  final NIOConnection connection;

  /** Whose it is: see {@link HttpSockets}. */
  final String network;

  /** When it connected, or when its last complete request came. Guarded by {@link HttpSockets}. */
  long sinceMillis;

  /** Puts sockets in the order of {@link #sinceMillis}. Guarded by {@link HttpSockets}. */
  long turn;

  /** Whether it has sent no complete request yet. Guarded by {@link HttpSockets}. */
  boolean first = true;

  private final AtomicInteger records = new AtomicInteger();
  private boolean closing;

  HttpSocket(NIOConnection connection, String network) {
    this.connection = connection;
    this.network = network;
  }

  /** Whether its last answer is on the way. What else the client sends is of no interest. */
  boolean isClosing() {
    return closing;
  }

  /** Bytes that the client has not taken yet, and what the queue needs for them. Any thread. */
  int waitingBytes() {
    return connection.getAsyncWriteQueue().spaceInBytes() + records.get() * RECORD_BYTES;
  }

  /** Answers a request, and keeps the connection if the client wants to. */
  void answer(HttpRequestPacket request, HttpAnswer answer) {
    boolean keep = request.getProcessingState().isKeepAlive() && !request.isUpgrade();
    // Otherwise a body that turns out to be broken would get an answer of its own.
    request.getResponse().setCommitted(true);
    String keptAlive = request.getProtocol() == Protocol.HTTP_1_0 ? "keep-alive" : "";
    boolean head = Method.HEAD.equals(request.getMethod());
    write(answer.head(keep ? keptAlive : "close"), head ? new byte[0] : answer.body());
    if (!keep) {
      close();
    }
  }

  /** Answers, and ends the connection behind it. */
  void refuse(HttpAnswer answer) {
    write(answer.head("close"), answer.body());
    close();
  }

  /** Ends the connection behind what was written. If nobody reads that, the sweep ends it. */
  void close() {
    closing = true;
    connection.closeSilently();
  }

  private void write(byte[] head, byte[] body) {
    Buffer message;
    if (body.length <= SHORT_BODY_BYTES) {
      message = wrap(ByteBuffer.allocate(head.length + body.length).put(head).put(body).flip());
    } else {
      message =
          Buffers.appendBuffers(
              connection.getMemoryManager(),
              wrap(ByteBuffer.wrap(head)),
              wrap(ByteBuffer.wrap(body)));
    }
    records.incrementAndGet();
    ((TCPNIOTransport) connection.getTransport())
        .getAsyncQueueIO()
        .getWriter()
        .write(connection, message, new QueuedAnswer());
  }

  private Buffer wrap(ByteBuffer bytes) {
    return Buffers.wrap(connection.getMemoryManager(), bytes);
  }

  /** Stands for an answer in the queue. */
  private final class QueuedAnswer
      extends EmptyCompletionHandler<WriteResult<WritableMessage, SocketAddress>> {

    @Override
    public void completed(WriteResult<WritableMessage, SocketAddress> result) {
      records.decrementAndGet();
    }

    @Override
    public void failed(Throwable throwable) {
      records.decrementAndGet();
    }

    @Override
    public void cancelled() {
      records.decrementAndGet();
    }
  }
}
