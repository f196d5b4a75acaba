package dev.tally.server.grizzly;

import dev.tally.chat.Reply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.grizzly.nio.transport.TCPNIOTransport;

/**
 * One connection's way out. During the connection's turn frames gather in the loop's buffer and
 * leave in one write; from elsewhere they wait here, bounded, for the next turn. What the socket
 * does not take at once goes to Grizzly's write queue, and then everything behind it does.
 */
final class Outbound {

  private static final byte[] EMPTY = {};

  /** FIN and opcode 1. */
  private static final int TEXT_FRAME = 0x81;

  private final WebSocketConnection owner;
  private final NIOConnection connection;
  private final SelectorLoop loop;
  private byte[] waiting = EMPTY;
  private int waitingBytes;

  Outbound(WebSocketConnection owner, NIOConnection connection, SelectorLoop loop) {
    this.owner = owner;
    this.connection = connection;
    this.loop = loop;
  }

  /** Sends a text frame of less than 64 KiB, as all replies are. From any thread. */
  void text(Reply reply) {
    int length = reply.length();
    int size = length + (length < 126 ? 2 : 4);
    if (loop.isTurnOf(owner) && size <= loop.output().capacity()) {
      takeWaiting();
      ByteBuffer target = loop.output();
      if (target.remaining() < size) {
        write(target);
      }
      encode(reply, length, target);
      return;
    }
    synchronized (this) {
      if (!reserve(size)) {
        return;
      }
      encode(reply, length, ByteBuffer.wrap(waiting, waitingBytes, size));
      waitingBytes += size;
    }
    owner.wantTurn();
  }

  private static void encode(Reply reply, int length, ByteBuffer target) {
    target.put((byte) TEXT_FRAME);
    if (length < 126) {
      target.put((byte) length);
    } else {
      target.put((byte) 126).putShort((short) length);
    }
    reply.writeTo(target);
  }

  /** Sends bytes as they are. From any thread. */
  void bytes(ByteBuffer bytes) {
    if (loop.isTurnOf(owner)) {
      takeWaiting();
      append(bytes);
      return;
    }
    synchronized (this) {
      int size = bytes.remaining();
      if (!reserve(size)) {
        return;
      }
      bytes.get(waiting, waitingBytes, size);
      waitingBytes += size;
    }
    owner.wantTurn();
  }

  private boolean reserve(int size) {
    int needed = waitingBytes + size;
    int maxBytes = owner.maxOutboundBytes();
    if (needed > maxBytes) {
      owner.onSlowConsumer();
      return false;
    }
    if (needed > waiting.length) {
      waiting = Arrays.copyOf(waiting, Math.max(needed, Math.min(4 * needed, maxBytes)));
    }
    return true;
  }

  /** Writes everything, in one system call if it is not much. On the loop's thread. */
  void flush() {
    takeWaiting();
    write(loop.output());
  }

  /** Whether everything sent has reached the kernel. */
  boolean isFlushed() {
    return connection.getAsyncWriteQueue().spaceInBytes() == 0;
  }

  /** Bytes that wait for the reader. */
  synchronized int queuedBytes() {
    return waitingBytes + connection.getAsyncWriteQueue().spaceInBytes();
  }

  private void takeWaiting() {
    byte[] taken;
    int size;
    synchronized (this) {
      if (waitingBytes == 0) {
        return;
      }
      taken = waiting;
      size = waitingBytes;
      waiting = EMPTY;
      waitingBytes = 0;
    }
    append(ByteBuffer.wrap(taken, 0, size));
  }

  private void append(ByteBuffer bytes) {
    ByteBuffer target = loop.output();
    while (bytes.hasRemaining()) {
      if (!target.hasRemaining()) {
        write(target);
      }
      int size = Math.min(bytes.remaining(), target.remaining());
      target.put(target.position(), bytes, bytes.position(), size);
      target.position(target.position() + size);
      bytes.position(bytes.position() + size);
    }
  }

  private void write(ByteBuffer target) {
    if (target.position() == 0) {
      return;
    }
    target.flip();
    try {
      if (connection.isOpen() && !owner.isDoomed()) {
        if (isFlushed()) {
          ((SocketChannel) connection.getChannel()).write(target);
        }
        if (target.hasRemaining()) {
          queue(target);
        }
      }
    } catch (IOException e) {
      owner.onBroken();
    } finally {
      target.clear();
    }
  }

  private void queue(ByteBuffer rest) {
    if (connection.getAsyncWriteQueue().spaceInBytes() + rest.remaining()
        > owner.maxOutboundBytes()) {
      owner.onSlowConsumer();
      return;
    }
    ByteBuffer copy = ByteBuffer.allocate(rest.remaining()).put(rest).flip();
    ((TCPNIOTransport) connection.getTransport())
        .getAsyncQueueIO()
        .getWriter()
        .write(connection, Buffers.wrap(connection.getMemoryManager(), copy), null);
  }
}
