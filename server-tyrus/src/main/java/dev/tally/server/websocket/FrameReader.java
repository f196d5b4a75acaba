package dev.tally.server.websocket;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what a client sends into frames and messages, and enforces RFC 6455, sections 5 and 8.1, at
 * the earliest byte that breaks a rule. Once the server closes the connection, only the client's
 * close frame is looked for: all other frames are skipped, with no rule enforced and nothing kept.
 *
 * <p>A text message that arrives in one frame and one read, which is nearly every one, is neither
 * copied nor kept. Of any other message what has come takes memory, within the budget of all
 * connections.
 *
 * <p>For the connection's selector thread.
 */
public final class FrameReader implements BudgetShare.Holder {

  /** In place of an opcode, while no header is complete. */
  private static final byte NONE = -1;

  /** A fragment with less than this costs about as much as an empty one. */
  private static final int SMALL_FRAGMENT = 64;

  private static final byte[] EMPTY = {};

  private final FrameReceiver receiver;
  private final ReaderContext context;

  /** Whether clients may compress messages: the extension was agreed on. */
  private final boolean compression;

  private boolean stopped;
  private boolean skipping;
  private boolean paused;

  /** State of {@link FrameRate}. */
  private long smallFrames;

  // The frame whose header is complete. There is one reader for each connection, so what fits into
  // a byte is one.
  private byte opcode = NONE;
  private boolean fin;
  private int mask;
  private int length;
  private int taken;

  /** Whether the message that the frame belongs to is compressed. */
  private boolean compressed;

  // What is kept from one read to the next; null or empty between two frames.
  private byte @Nullable [] header;
  private byte headerBytes;
  private byte[] control = EMPTY;
  private @Nullable UnfinishedMessage message;

  /**
   * Makes the reader of one connection.
   *
   * @param receiver gets what was read
   * @param context what all readers of the thread share
   * @param compression whether permessage-deflate was agreed on
   */
  public FrameReader(FrameReceiver receiver, ReaderContext context, boolean compression) {
    this.receiver = receiver;
    this.context = context;
    this.compression = compression;
  }

  /** Reads nothing from now on, and keeps nothing. */
  public void stop() {
    skip();
    stopped = true;
    header = null;
  }

  /**
   * From now on only the client's close frame matters: everything else is skipped, and nothing is
   * kept of it. A pause ends. Any number of times.
   *
   * <p>After a violation as well. Nearly every wrong frame still says where the next one begins. If
   * one does not, no close frame is found in what follows, or one that is none: then the connection
   * ends at the close timeout, or a little earlier.
   */
  public void skip() {
    skipping = true;
    paused = false;
    control = EMPTY;
    UnfinishedMessage unfinished = message;
    if (unfinished != null) {
      message = null;
      unfinished.end();
    }
  }

  /**
   * Skips everything from now on, and tells the receiver to close the connection.
   *
   * @param violation why
   */
  public void fail(Violation violation) {
    skip();
    receiver.onViolation(violation);
  }

  private void failIf(@Nullable Violation violation) {
    if (violation != null) {
      fail(violation);
    }
  }

  /** Reads no further frame before {@link #resume}. For the receiver, which just got a message. */
  public void pause() {
    paused = !skipping;
  }

  /** Ends a pause. What is to be read has to be given to {@link #read} again. */
  public void resume() {
    paused = false;
  }

  /** {@return whether the receiver paused the reader; never while it skips} */
  public boolean isPaused() {
    return paused;
  }

  /** {@return whether only the client's close frame is looked for} */
  public boolean isSkipping() {
    return skipping;
  }

  /** {@return whether a message has begun and not ended} */
  public boolean isInMessage() {
    return message != null;
  }

  /**
   * Reads some bytes. They are overwritten (unmasked in place).
   *
   * @param bytes an array of the caller's
   * @param from the first byte to read
   * @param to behind the last one
   * @return behind the last byte that was read: not all of them were, if the receiver paused
   */
  public int read(byte[] bytes, int from, int to) {
    int at = from;
    while (!stopped && !paused && (at < to || (opcode != NONE && length == taken))) {
      at =
          opcode == NONE
              ? readHeader(bytes, at, to)
              : skipping ? skipPayload(at, to) : readPayload(bytes, at, to);
    }
    return at;
  }

  private int readHeader(byte[] bytes, int from, int to) {
    // Nearly every header comes whole, and is read where it is.
    if (headerBytes == 0 && to - from >= 2 && to - from >= FrameHeader.size(bytes[from + 1])) {
      startFrame(bytes, from);
      return from + FrameHeader.size(bytes[from + 1]);
    }
    // Otherwise byte by byte, since the first one may already break a rule.
    byte[] partial = header;
    if (partial == null) {
      partial = new byte[FrameHeader.MAX_BYTES];
      header = partial;
    }
    int at = from;
    while (at < to) {
      partial[headerBytes++] = bytes[at++];
      if (headerBytes == 1) {
        if (!skipping) {
          // After a violation the rest of the header is still needed, to find the next frame.
          failIf(FrameHeader.violation(partial[0], compression));
        }
      } else if (headerBytes == FrameHeader.size(partial[1])) {
        header = null;
        headerBytes = 0;
        startFrame(partial, 0);
        return at;
      }
    }
    return at;
  }

  private void startFrame(byte[] bytes, int at) {
    FrameHeader frame = context.header();
    frame.decode(bytes, at);
    if (frame.opcode() == Opcode.TEXT || frame.opcode() == Opcode.BINARY) {
      compressed = frame.isCompressed();
    }
    if (!skipping) {
      failIf(violation(frame));
    }
    // After a violation as well: what is skipped ends where this frame does.
    opcode = (byte) frame.opcode();
    fin = frame.isFin();
    mask = frame.mask();
    long declared = frame.length();
    length = declared < 0 ? Integer.MAX_VALUE : (int) Math.min(declared, Integer.MAX_VALUE);
    taken = 0;
  }

  /** What is wrong with the frame, or null. Its payload does not have to come for that. */
  private @Nullable Violation violation(FrameHeader frame) {
    Violation violation = frame.violation(compression);
    if (violation == null && !Opcode.isControl(frame.opcode())) {
      violation = violationOfMessage(frame);
    }
    return violation == null && isSmall(frame) && !takeSmallFrame()
        ? Violation.TOO_MANY_SMALL_FRAMES
        : violation;
  }

  /** What is wrong with a data frame after what came before it, or null. */
  private @Nullable Violation violationOfMessage(FrameHeader frame) {
    UnfinishedMessage unfinished = message;
    boolean continues = frame.opcode() == Opcode.CONTINUATION;
    if (continues && unfinished == null) {
      return Violation.protocol("continuation of nothing");
    }
    if (!continues && unfinished != null) {
      return Violation.protocol("new message inside a fragmented one");
    }
    if (frame.opcode() == Opcode.BINARY && !receiver.takesBinary()) {
      return Violation.NOT_TEXT;
    }
    // Not a sum: what a client declares may be the largest number that there is.
    return frame.length() <= mostPayload() - (unfinished == null ? 0 : unfinished.size())
        ? null
        : tooBig();
  }

  /** Payload bytes of the largest message as it comes: compressed, some may become a few more. */
  private int mostPayload() {
    int most = context.maxMessageBytes();
    return compressed ? (int) Math.min(Integer.MAX_VALUE - 8L, most + most / 1024L + 64) : most;
  }

  private Violation tooBig() {
    return Violation.tooBig(context.maxMessageBytes());
  }

  private static boolean isSmall(FrameHeader frame) {
    return frame.opcode() == Opcode.PING
        || frame.opcode() == Opcode.PONG
        || (!frame.isFin() && frame.length() < SMALL_FRAGMENT);
  }

  private boolean takeSmallFrame() {
    smallFrames = context.frameRate().take(smallFrames);
    return smallFrames >= 0;
  }

  private int skipPayload(int from, int to) {
    int end = endOfPayload(from, to);
    taken += end - from;
    if (taken == length) {
      boolean closes = opcode == Opcode.CLOSE;
      opcode = NONE;
      if (closes) {
        stop();
        receiver.onCloseSkipped();
      }
    }
    return end;
  }

  private int endOfPayload(int from, int to) {
    return (int) Math.min(to, (long) from + length - taken);
  }

  private int readPayload(byte[] bytes, int from, int to) {
    int end = endOfPayload(from, to);
    // ASCII, which is most text, needs no second look for UTF-8.
    boolean ascii = Payload.unmask(bytes, from, end, mask, taken);
    boolean wholeFrame = taken == 0 && end - from == length;
    taken += end - from;
    if (Opcode.isControl(opcode)) {
      readControl(bytes, from, end);
    } else if (opcode == Opcode.TEXT && fin && wholeFrame) {
      opcode = NONE;
      deliver(Opcode.TEXT, bytes, from, end, ascii);
    } else {
      readPart(bytes, from, end, ascii);
    }
    return end;
  }

  /** A part of a message that did not come in one frame and one read, or is binary. */
  private void readPart(byte[] bytes, int from, int to, boolean ascii) {
    UnfinishedMessage unfinished = message;
    if (unfinished == null) {
      unfinished =
          new UnfinishedMessage(context.messages(), this, opcode, compressed, context.now());
      message = unfinished;
    }
    if (!unfinished.isUtf8With(bytes, from, to, ascii)) {
      fail(Violation.INVALID_UTF8);
      return;
    }
    if (!unfinished.add(bytes, from, to, mostPayload())) {
      // Connections that began earlier were evicted before, so this one is the oldest.
      fail(context.buffersFull());
      return;
    }
    if (taken < length) {
      // The rest of this frame continues the message that it began.
      opcode = Opcode.CONTINUATION;
      return;
    }
    opcode = NONE;
    if (fin) {
      message = null;
      byte[] whole = unfinished.bytes();
      unfinished.end();
      if (unfinished.isWholeUtf8()) {
        deliver(unfinished.opcode(), whole, 0, unfinished.size(), true);
      } else {
        fail(Violation.INVALID_UTF8);
      }
    }
  }

  private void deliver(int kind, byte[] bytes, int from, int to, boolean utf8) {
    failIf(
        compressed
            ? context.delivery().inflated(receiver, kind, bytes, from, to)
            : context.delivery().plain(receiver, kind, bytes, from, to, utf8));
  }

  private void readControl(byte[] bytes, int from, int to) {
    int before = control.length;
    control = Arrays.copyOf(control, before + to - from);
    System.arraycopy(bytes, from, control, before, to - from);
    if (taken < length) {
      return;
    }
    int kind = opcode;
    byte[] payload = control;
    opcode = NONE;
    control = EMPTY;
    if (kind != Opcode.CLOSE) {
      receiver.onControl(kind, payload);
      return;
    }
    Violation violation = ClosePayload.violation(payload);
    failIf(violation);
    // Nothing behind a close frame counts (RFC 6455, 5.5.1), whether or not it was a valid one.
    stop();
    if (violation == null) {
      receiver.onControl(kind, payload);
    } else {
      receiver.onCloseSkipped();
    }
  }

  /** When the message that is kept began. */
  @Override
  public long since() {
    UnfinishedMessage unfinished = message;
    return unfinished == null ? Long.MAX_VALUE : unfinished.since();
  }

  @Override
  public void evict(boolean overdue) {
    fail(overdue ? Violation.MESSAGE_TIMEOUT : context.buffersFull());
  }
}
