package dev.tally.server.grizzly;

import dev.tally.chat.protocol.Reply;
import dev.tally.server.websocket.BudgetShare;
import dev.tally.server.websocket.OutboundQueue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.glassfish.grizzly.IOEvent;
import org.jspecify.annotations.Nullable;

/**
 * One connection's way out. During the connection's turn frames gather in the loop's buffer and
 * leave in one write. What other threads send, and what the socket does not take, waits here for
 * the next turn, bounded, as bytes in one array. Nothing leaves behind a close frame.
 */
final class Outbound implements BudgetShare.Holder {

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** FIN and opcode 1. */
  private static final byte TEXT_FRAME = (byte) 0x81;

  private static final byte PONG_FRAME = (byte) 0x8a;

  private final LoopConnection connection;

  // Guarded by this:

  /** Behind everything in the loop's buffer. */
  private final OutboundQueue queue;

  /** Our close frame is in the queue, or the connection is over. */
  private boolean sealed;

  // For the loop's thread:

  /** The socket took less than it was given, and has not said since that it takes more. */
  private boolean blocked;

  /** Whether the selector is asked to say so. */
  private boolean interested;

  /** When the socket last took something, if it is blocked. */
  private long since;

  /** What the last ping that could not be answered had in it. */
  private byte @Nullable [] ping;

  /**
   * Makes one that has sent nothing.
   *
   * @param maxBytes that may wait; more cuts the connection off
   */
  Outbound(LoopConnection connection, int maxBytes) {
    this.connection = connection;
    this.queue = new OutboundQueue(this, maxBytes);
  }

  /** Sends a text frame of less than 64 KiB, as all replies are. From any thread. */
  void text(Reply reply) {
    int length = reply.length();
    int size = length + (length < 126 ? 2 : 4);
    boolean turn = connection.isTurn();
    if (turn && makeRoom(size)) {
      // Straight into the buffer that goes to the socket: no copy, and no object.
      encode(reply, length, connection.loop.output());
      return;
    }
    synchronized (this) {
      ByteBuffer room = reserve(size, turn);
      if (room == null) {
        return;
      }
      encode(reply, length, room);
    }
    connection.wantTurn();
  }

  private static void encode(Reply reply, int length, ByteBuffer target) {
    target.put(TEXT_FRAME);
    if (length < 126) {
      target.put((byte) length);
    } else {
      target.put((byte) 126).putShort((short) length);
    }
    reply.writeTo(target);
  }

  /** Sends bytes as they are. From any thread. */
  void bytes(ByteBuffer bytes) {
    boolean turn = connection.isTurn();
    if (turn && makeRoom(1)) {
      append(bytes);
      return;
    }
    synchronized (this) {
      ByteBuffer room = reserve(bytes.remaining(), turn);
      if (room == null) {
        return;
      }
      room.put(bytes);
    }
    connection.wantTurn();
  }

  /** Sends a close frame behind everything sent so far, and nothing behind it. From any thread. */
  void seal(ByteBuffer closeFrame) {
    // Under the lock: what another thread sends meanwhile is either in the queue before the close
    // frame, or finds it sealed. Always through the queue, even in a turn: the frame must not
    // overtake what waits there.
    synchronized (this) {
      ByteBuffer room = reserve(closeFrame.remaining(), connection.isTurn());
      sealed = true;
      if (room == null) {
        return;
      }
      room.put(closeFrame);
    }
    connection.wantTurn();
  }

  /**
   * Answers a ping. While the socket takes nothing only the latest one is remembered (RFC 6455,
   * 5.5.3). In a turn.
   */
  void pong(byte[] payload) {
    if (blocked) {
      ping = payload;
    } else if (makeRoom(2 + payload.length)) {
      connection.loop.output().put(PONG_FRAME).put((byte) payload.length).put(payload);
    }
  }

  /** The socket takes something again. In a turn, and flushed at its end. */
  void onWritable() {
    blocked = false;
  }

  /** Writes everything, in one system call if it is not much. In a turn. */
  void flush() {
    push();
    byte[] unanswered = ping;
    if (!blocked && unanswered != null) {
      ping = null;
      pong(unanswered);
      push();
    }
    if (interested && !blocked) {
      interested = false;
      replies().giveBack(this, 0);
      try {
        connection.socket.disableIOEvent(IOEvent.WRITE);
      } catch (IOException e) {
        connection.abort();
      }
    }
  }

  /** Whether everything sent has reached the kernel. In a turn. */
  boolean isFlushed() {
    return !blocked && queuedBytes() == 0;
  }

  /** Bytes that wait for the reader. From any thread. */
  synchronized int queuedBytes() {
    return queue.size();
  }

  /** The connection is over: nothing is kept, nor taken any more. On the loop's thread. */
  void stop() {
    synchronized (this) {
      sealed = true;
      queue.clear(replies());
    }
    ping = null;
    replies().giveBack(this, 0);
  }

  @Override
  public long since() {
    return since;
  }

  @Override
  public void evict(boolean overdue) {
    stop();
    connection.cutOff("slow_consumer");
  }

  /**
   * Whether the loop's buffer has room now, and all that was sent before is in it or gone. In a
   * turn.
   */
  private boolean makeRoom(int size) {
    ByteBuffer output = connection.loop.output();
    while (!blocked && size <= output.capacity()) {
      synchronized (this) {
        if (sealed || connection.isAborted()) {
          return false;
        }
        // What waits was sent first.
        if (queue.size() <= output.remaining() - size) {
          queue.moveTo(output, replies());
          return true;
        }
      }
      push();
    }
    return false;
  }

  private void append(ByteBuffer bytes) {
    ByteBuffer output = connection.loop.output();
    while (bytes.hasRemaining()) {
      if (!output.hasRemaining()) {
        write(output, bytes);
      }
      int size = Math.min(bytes.remaining(), output.remaining());
      output.put(output.position(), bytes, bytes.position(), size);
      output.position(output.position() + size);
      bytes.position(bytes.position() + size);
    }
  }

  /** Writes what is in the loop's buffer, and then what waits, until the socket takes no more. */
  private void push() {
    ByteBuffer output = connection.loop.output();
    while (!blocked) {
      synchronized (this) {
        queue.moveTo(output, replies());
      }
      if (output.position() == 0) {
        return;
      }
      write(output, NOTHING);
    }
  }

  /**
   * Empties the loop's buffer. What the socket does not take waits before all else.
   *
   * @param rest of the frame at the end of the buffer; waits with it then
   */
  private void write(ByteBuffer output, ByteBuffer rest) {
    output.flip();
    try {
      if (!connection.socket.isOpen() || connection.isAborted()) {
        rest.position(rest.limit());
        return;
      }
      int count = ((SocketChannel) connection.socket.getChannel()).write(output);
      if (output.hasRemaining()) {
        block(count > 0);
        putBack(output, rest);
      }
    } catch (IOException e) {
      rest.position(rest.limit());
      connection.abort();
    } finally {
      output.clear();
    }
  }

  private void block(boolean progress) throws IOException {
    blocked = true;
    // Only progress restarts the time, so that a client that never reads is overdue in the end.
    if (progress || !interested) {
      since = connection.loop.now();
    }
    replies().add(this);
    if (!interested) {
      interested = true;
      connection.socket.enableIOEvent(IOEvent.WRITE);
    }
  }

  private synchronized void putBack(ByteBuffer first, ByteBuffer rest) {
    int size = first.remaining() + rest.remaining();
    // Sealed or not: these bytes were sent before the close frame.
    if (takeRoom(size, true)) {
      queue.addFirst(size).put(first).put(rest);
    }
    rest.position(rest.limit());
  }

  /** Room behind everything, to be filled at once; null if nothing can be sent any more. */
  private @Nullable ByteBuffer reserve(int size, boolean turn) {
    return !sealed && takeRoom(size, turn) ? queue.add(size) : null;
  }

  /** Takes room in the queue. If there is none, the client reads too slowly, and is cut off. */
  private boolean takeRoom(int size, boolean turn) {
    if (connection.isAborted()) {
      return false;
    }
    boolean taken = queue.take(size, replies(), turn);
    if (!taken) {
      // With a part of what was sent missing, nothing that follows would make sense.
      connection.cutOff("slow_consumer");
    }
    return taken;
  }

  private BudgetShare replies() {
    return connection.loop.replies();
  }
}
