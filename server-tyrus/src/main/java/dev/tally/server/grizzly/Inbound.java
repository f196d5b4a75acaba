package dev.tally.server.grizzly;

import dev.tally.chat.protocol.CloseCode;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import org.glassfish.grizzly.IOEvent;
import org.glassfish.grizzly.nio.NIOConnection;
import org.jspecify.annotations.Nullable;

/**
 * One connection's way in. It reads what the socket has, unless the client is ahead of the message
 * rate: then nothing is read until it may send again, so that TCP holds the client back. For the
 * connection's selector thread, apart from {@link #isPaused}.
 */
final class Inbound implements Holdings.Holder {

  private static final byte[] NOTHING = {};

  private final WebSocketConnection owner;
  private final NIOConnection socket;
  private final SelectorLoop loop;
  private final ConnectionRegistry registry;
  private final FrameReader reader;
  private final @Nullable MessageRate rate;

  /** What was read ahead of the rate, from an offset on. */
  private byte[] kept = NOTHING;

  private int keptFrom;
  private volatile boolean paused;

  /** Of {@link FrameRate}. */
  private long frames;

  Inbound(
      WebSocketConnection owner,
      NIOConnection socket,
      SelectorLoop loop,
      ConnectionRegistry registry,
      boolean compression) {
    this.owner = owner;
    this.socket = socket;
    this.loop = loop;
    this.registry = registry;
    this.reader = new FrameReader(owner, loop, compression);
    this.rate = registry.newRate();
  }

  /** Whether reading waits for the rate, so that nothing can be heard of the client. */
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
    int count = ((SocketChannel) socket.getChannel()).read(loop.inputBuffer());
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

  /** A message came: takes its token, and lets the one behind it wait for another. */
  void onMessage() {
    if (rate != null && !rate.take()) {
      reader.pause();
    }
  }

  /**
   * A frame came that carries next to nothing.
   *
   * @return false if there are too many of them
   */
  boolean onSmallFrame() {
    long next = registry.frameRate().take(frames);
    frames = next;
    return next >= 0;
  }

  private void pause(byte[] bytes, int from, int to) {
    int size = to - from;
    if (size > 0 && !loop.messages().take(this, size + Holdings.UPKEEP_BYTES)) {
      giveUp();
      reader.read(bytes, from, to);
      return;
    }
    kept = size > 0 ? Arrays.copyOfRange(bytes, from, to) : NOTHING;
    keptFrom = 0;
    paused = true;
    wantReads(false);
    registry.throttled(owner);
  }

  /** Reads on, if the rate allows it again; in each turn. */
  void resume() {
    if (!paused) {
      return;
    }
    // What is skipped takes no token: the client's close frame may stand behind it.
    boolean ready = rate == null || rate.isReady() || reader.isSkipping();
    if (ready) {
      reader.resume();
      keptFrom = reader.read(kept, keptFrom, kept.length);
    }
    if (!ready || reader.isPaused()) {
      registry.stillThrottled(owner);
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
    reader.stop();
    forget();
  }

  private void forget() {
    if (kept.length > 0) {
      loop.messages().giveBack(this, kept.length + Holdings.UPKEEP_BYTES);
      kept = NOTHING;
      keptFrom = 0;
    }
  }

  private void wantReads(boolean wanted) {
    try {
      if (wanted) {
        socket.enableIOEvent(IOEvent.READ);
      } else {
        socket.disableIOEvent(IOEvent.READ);
      }
    } catch (IOException e) {
      owner.onBroken();
    }
  }

  /** Never too long ago: the rate alone decides how long it is kept. */
  @Override
  public long since() {
    return Long.MAX_VALUE;
  }

  @Override
  public void giveWay(boolean overdue) {
    giveUp();
    skip();
  }

  private void giveUp() {
    reader.giveUp(CloseCode.TRY_AGAIN_LATER, loop.retryHint(), "buffers_full");
  }
}
