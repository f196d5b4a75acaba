package dev.tally.server.grizzly;

import dev.tally.server.websocket.BudgetShare;
import dev.tally.server.websocket.FrameReader;
import dev.tally.server.websocket.FrameReceiver;
import dev.tally.server.websocket.MessageRate;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import org.glassfish.grizzly.IOEvent;
import org.jspecify.annotations.Nullable;

/**
 * One connection's way in. It reads what the socket has, unless the client is ahead of the message
 * rate: then nothing is read until it may send again, so that TCP holds the client back. For the
 * connection's selector thread, apart from {@link #isPaused}.
 */
final class Inbound implements BudgetShare.Holder {

  private static final byte[] NOTHING = {};

  private final LoopConnection connection;
  private final FrameReader reader;
  private final @Nullable MessageRate rate;
  private final PausedReaders pausedReaders;

  /** What was read ahead of the rate, from an offset on. */
  private byte[] kept = NOTHING;

  private int keptFrom;
  private volatile boolean paused;

  Inbound(
      LoopConnection connection,
      FrameReceiver receiver,
      @Nullable MessageRate rate,
      PausedReaders pausedReaders,
      boolean compression) {
    this.connection = connection;
    this.reader = new FrameReader(receiver, connection.loop.readerContext(), compression);
    this.rate = rate;
    this.pausedReaders = pausedReaders;
  }

  /** Whether reading waits for the rate, so that nothing that the client sends is noticed. */
  boolean isPaused() {
    return paused;
  }

  /** Whether a message has begun and not ended. */
  boolean isInMessage() {
    return reader.isInMessage();
  }

  /**
   * Reads what the socket has.
   *
   * @return false if the client has ended the connection
   */
  boolean read() throws IOException {
    if (paused) {
      return true;
    }
    SelectorLoop loop = connection.loop;
    int count = ((SocketChannel) connection.socket.getChannel()).read(loop.inputBuffer());
    if (count >= 0) {
      accept(loop.input(), 0, count);
    }
    return count >= 0;
  }

  /** Takes some bytes as if they had been read. They are overwritten. */
  void accept(byte[] bytes, int from, int to) {
    int at = reader.read(bytes, from, to);
    if (reader.isPaused()) {
      pause(bytes, at, to);
    }
  }

  /**
   * A message came: takes its token, and lets the one behind it wait for another. The reader stops
   * between two frames then, and {@link #accept} keeps what it did not read.
   */
  void onMessage() {
    if (rate != null && !rate.take()) {
      reader.pause();
    }
  }

  private void pause(byte[] bytes, int from, int to) {
    int size = to - from;
    if (size > 0 && !messages().take(this, size + BudgetShare.HOLDER_BYTES)) {
      failForBuffers();
      // The client's close frame may be in it.
      reader.read(bytes, from, to);
      return;
    }
    kept = size > 0 ? Arrays.copyOfRange(bytes, from, to) : NOTHING;
    keptFrom = 0;
    paused = true;
    wantReads(false);
    pausedReaders.add(connection);
  }

  /**
   * Reads on, if the rate allows it again; in each turn. What was kept comes first, and the socket
   * is read again only once all of it is through.
   */
  void resume() {
    if (!paused) {
      return;
    }
    // What is skipped takes no token: the client's close frame may be behind it.
    boolean ready = rate == null || rate.isReady() || reader.isSkipping();
    if (ready) {
      reader.resume();
      keptFrom = reader.read(kept, keptFrom, kept.length);
    }
    if (!ready || reader.isPaused()) {
      pausedReaders.addAgain(connection);
      return;
    }
    forget();
    paused = false;
    wantReads(true);
  }

  /**
   * Only the client's close frame matters from now on. Any number of times; not while the reader
   * reads, which knows by itself when to skip.
   */
  void skip() {
    reader.skip();
    resume();
  }

  /** Reads nothing any more, and keeps nothing. */
  void stop() {
    // Also gives back what the budget charged for an unfinished message.
    reader.stop();
    forget();
  }

  private void forget() {
    if (kept.length > 0) {
      messages().giveBack(this, kept.length + BudgetShare.HOLDER_BYTES);
      kept = NOTHING;
      keptFrom = 0;
    }
  }

  private void wantReads(boolean wanted) {
    try {
      if (wanted) {
        connection.socket.enableIOEvent(IOEvent.READ);
      } else {
        connection.socket.disableIOEvent(IOEvent.READ);
      }
    } catch (IOException e) {
      connection.abort();
    }
  }

  private BudgetShare messages() {
    return connection.loop.readerContext().messages();
  }

  /** Never too long ago: the rate alone decides how long it is kept. */
  @Override
  public long since() {
    return Long.MAX_VALUE;
  }

  @Override
  public void evict(boolean overdue) {
    failForBuffers();
    skip();
  }

  private void failForBuffers() {
    reader.fail(connection.loop.readerContext().buffersFull());
  }
}
