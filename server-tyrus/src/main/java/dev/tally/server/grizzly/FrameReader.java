package dev.tally.server.grizzly;

import dev.tally.chat.protocol.CloseCode;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what a client sends into frames, and enforces RFC 6455, sections 5 and 8.1, at the earliest
 * byte that breaks a rule. Once the server closes the connection, only the client's close frame is
 * looked for: all other frames are skipped, with no rule enforced and nothing kept. A text frame
 * that arrives whole, which is nearly every one, is neither copied nor kept; only what is still
 * incomplete when the bytes end takes memory: of a message what has come of it, and a quarter more,
 * within the budget of all connections.
 */
final class FrameReader {

  static final int CONTINUATION = 0;
  static final int TEXT = 1;
  static final int BINARY = 2;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  /** RSV1 to RSV3, in a frame's first byte. */
  private static final int RESERVED = 0x70;

  /** RSV1: the message is compressed. */
  private static final int COMPRESSED = 0x40;

  private static final int MAX_CONTROL_PAYLOAD = 125;
  private static final int MAX_HEADER = 14;

  /** A fragment with less than this costs about as much as an empty one. */
  private static final int SMALL_FRAGMENT = 64;

  private static final byte[] EMPTY = {};

  /** Gets what was read. Called on the thread that reads, in the order of the bytes. */
  interface Receiver {
    /** A text message, known to be UTF-8. The array is only lent. */
    void onText(byte[] utf8, int from, int to);

    /** A binary message. */
    void onBinary(byte[] payload);

    /** A ping, pong or close frame whose payload follows the rules. */
    void onControl(int opcode, byte[] payload);

    /** The client's close frame came after {@link #skip}, or breaks a rule: it sends no other. */
    void onCloseSkipped();

    /**
     * The header of a ping, a pong or a small fragment, before anything else is known of it.
     *
     * @return false if there are too many of them
     */
    boolean onSmallFrame();

    /** A rule of RFC 6455 was broken. All is skipped from then on. */
    void onViolation(CloseCode code, String reason);

    /** A limit of ours was met, which has a kind of its own among the errors. The same. */
    void onLimit(CloseCode code, String reason, String kind);

    /** Whether binary messages are taken at all. */
    boolean takesBinary();

    /** Payload bytes of the largest message, its fragments summed up. */
    int maxMessageBytes();
  }

  private final Receiver receiver;
  private final SelectorLoop loop;

  /** Whether clients may compress messages: the extension was agreed on. */
  private final boolean compression;

  /** Whether the message whose frame was read last is compressed. */
  private boolean compressed;

  private boolean stopped;
  private boolean skipping;
  private boolean paused;

  // One reader for each connection: what fits into a byte is one.

  // The frame whose header is complete; opcode -1 while there is none.
  private byte opcode = -1;
  private boolean fin;
  private int mask;
  private int length;
  private int taken;

  // What is kept from one read to the next, null or empty in between.
  private byte @Nullable [] header;
  private byte headerBytes;
  private byte[] control = EMPTY;
  private @Nullable UnfinishedMessage message;

  FrameReader(Receiver receiver, SelectorLoop loop, boolean compression) {
    this.receiver = receiver;
    this.loop = loop;
    this.compression = compression;
  }

  /** Reads nothing from now on, and keeps nothing. */
  void stop() {
    skip();
    stopped = true;
    header = null;
  }

  /**
   * From now on only the client's close frame matters: everything else is skipped, and nothing is
   * kept of it. A pause ends.
   *
   * <p>After a violation as well. Nearly every wrong frame still says where the next one begins. If
   * one does not, no close frame is found in what follows, or one that is none: then the connection
   * ends at the close timeout, or a little earlier.
   */
  void skip() {
    skipping = true;
    paused = false;
    control = EMPTY;
    UnfinishedMessage unfinished = message;
    if (unfinished != null) {
      message = null;
      unfinished.end();
    }
  }

  /** Ends the connection for what it makes us hold. */
  boolean giveUp(CloseCode code, String reason, String kind) {
    skip();
    receiver.onLimit(code, reason, kind);
    return true;
  }

  /** For the receiver of a message: the next frame is not read before {@link #resume}. */
  void pause() {
    paused = !skipping;
  }

  boolean isPaused() {
    return paused;
  }

  boolean isSkipping() {
    return skipping;
  }

  void resume() {
    paused = false;
  }

  /** Whether a message has begun and not ended. */
  boolean isInMessage() {
    return message != null;
  }

  /**
   * Reads some bytes. They are overwritten (unmasked in place).
   *
   * @param bytes an array of the caller's
   * @return behind the last byte that was read: not all of them were, if the receiver paused
   */
  int read(byte[] bytes, int from, int to) {
    int at = from;
    while (!stopped && !paused && (at < to || (opcode >= 0 && length == taken))) {
      at =
          opcode < 0
              ? readHeader(bytes, at, to)
              : skipping ? skipPayload(at, to) : readPayload(bytes, at, to);
    }
    return at;
  }

  private int readHeader(byte[] bytes, int from, int to) {
    if (headerBytes == 0 && to - from >= 2 && to - from >= headerSize(bytes[from + 1])) {
      int size = headerSize(bytes[from + 1]);
      startFrame(bytes, from);
      return from + size;
    }
    byte[] partial = header;
    if (partial == null) {
      partial = new byte[MAX_HEADER];
      header = partial;
    }
    int at = from;
    while (at < to) {
      partial[headerBytes++] = bytes[at++];
      if (headerBytes == 1 && !isKnown(partial[0])) {
        // The rest of the header is still needed, to find the next frame.
        continue;
      }
      if (headerBytes >= 2 && headerBytes == headerSize(partial[1])) {
        header = null;
        headerBytes = 0;
        startFrame(partial, 0);
        return at;
      }
    }
    return at;
  }

  private static int headerSize(byte second) {
    int code = second & 0x7f;
    int mask = (second & 0x80) == 0 ? 0 : 4;
    return mask + (code == 126 ? 4 : code == 127 ? 10 : 2);
  }

  private boolean isKnown(byte first) {
    int code = first & 0x0f;
    if (skipping) {
      return true;
    }
    int reserved = first & RESERVED;
    if (reserved != 0 && !compression) {
      return violated(CloseCode.PROTOCOL_ERROR, "reserved bit set, no extension agreed on");
    }
    // RFC 7692, 6: the bit stands at a message's first frame, and at no control frame.
    if (reserved != 0 && (reserved != COMPRESSED || (code != TEXT && code != BINARY))) {
      return violated(CloseCode.PROTOCOL_ERROR, "reserved bit set where no extension uses it");
    }
    if ((code > BINARY && code < CLOSE) || code > PONG) {
      return violated(CloseCode.PROTOCOL_ERROR, "reserved opcode " + code);
    }
    return true;
  }

  private boolean violated(CloseCode code, String reason) {
    skip();
    receiver.onViolation(code, reason);
    return false;
  }

  private void startFrame(byte[] bytes, int at) {
    int size = bytes[at + 1] & 0x7f;
    int maskAt = at + (size == 126 ? 4 : size == 127 ? 10 : 2);
    long declared = size < 126 ? size : 0;
    for (int i = at + 2; i < maskAt; i++) {
      declared = (declared << 8) | (bytes[i] & 0xff);
    }
    int code = bytes[at] & 0x0f;
    boolean masked = (bytes[at + 1] & 0x80) != 0;
    fin = (bytes[at] & 0x80) != 0;
    if (code == TEXT || code == BINARY) {
      compressed = (bytes[at] & COMPRESSED) != 0;
    }
    if (isKnown(bytes[at]) && !skipping) {
      boolean unused =
          isWellFormed(size, declared, masked)
              && isAllowed(code, declared)
              && isFlood(code, declared);
    }
    // Set also if a rule is broken: what is skipped then ends where this frame does.
    opcode = (byte) code;
    length = declared < 0 ? Integer.MAX_VALUE : (int) Math.min(declared, Integer.MAX_VALUE);
    taken = 0;
    mask = masked ? Payload.maskingKey(bytes, maskAt) : 0;
  }

  private boolean isWellFormed(int size, long declared, boolean masked) {
    if (!masked) {
      return violated(CloseCode.PROTOCOL_ERROR, "client frames must be masked");
    }
    if (declared < 0) {
      return violated(CloseCode.PROTOCOL_ERROR, "the highest bit of a 64-bit length must be 0");
    }
    long least = size == 126 ? 126 : size == 127 ? 65_536 : 0;
    return declared >= least
        || violated(CloseCode.PROTOCOL_ERROR, "length not in its shortest form");
  }

  private boolean isAllowed(int code, long declared) {
    if (code >= CLOSE) {
      if (!fin) {
        return violated(CloseCode.PROTOCOL_ERROR, "fragmented control frame");
      }
      return declared <= MAX_CONTROL_PAYLOAD
          || violated(CloseCode.PROTOCOL_ERROR, "control frame above 125 bytes");
    }
    UnfinishedMessage unfinished = message;
    if (code == CONTINUATION && unfinished == null) {
      return violated(CloseCode.PROTOCOL_ERROR, "continuation of nothing");
    }
    if (code != CONTINUATION && unfinished != null) {
      return violated(CloseCode.PROTOCOL_ERROR, "new message inside a fragmented one");
    }
    if (code == BINARY && !receiver.takesBinary()) {
      return violated(CloseCode.UNSUPPORTED_DATA, "only text messages are counted");
    }
    // Not a sum: what a client declares may be the largest number that there is.
    return declared <= mostPayload() - (unfinished == null ? 0 : unfinished.size()) || tooBig();
  }

  /** Payload bytes of the largest message as it comes: compressed, some may become a few more. */
  private int mostPayload() {
    int most = receiver.maxMessageBytes();
    return compressed ? (int) Math.min(Integer.MAX_VALUE - 8L, most + most / 1024L + 64) : most;
  }

  private boolean tooBig() {
    return violated(
        CloseCode.MESSAGE_TOO_BIG,
        "messages are limited to " + receiver.maxMessageBytes() + " bytes");
  }

  private boolean isFlood(int code, long declared) {
    boolean small = code == PING || code == PONG || (!fin && declared < SMALL_FRAGMENT);
    return small
        && !receiver.onSmallFrame()
        && giveUp(
            CloseCode.POLICY_VIOLATION, "too many pings, pongs, small fragments", "rate_limited");
  }

  private int skipPayload(int from, int to) {
    int end = endOfPayload(from, to);
    taken += end - from;
    if (taken == length) {
      boolean closes = opcode == CLOSE;
      opcode = -1;
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
    boolean ascii = Payload.unmask(bytes, from, end, mask, taken);
    boolean wholeFrame = taken == 0 && end - from == length;
    taken += end - from;
    if (opcode >= CLOSE) {
      readControl(bytes, from, end);
    } else if (opcode == TEXT && fin && wholeFrame) {
      readWholeText(bytes, from, end, ascii);
    } else {
      readData(bytes, from, end, ascii);
    }
    return end;
  }

  private void readWholeText(byte[] bytes, int from, int to, boolean ascii) {
    opcode = -1;
    if (compressed) {
      readCompressed(TEXT, bytes, from, to);
    } else if (ascii || Payload.utf8(Payload.COMPLETE, bytes, from, to) == Payload.COMPLETE) {
      receiver.onText(bytes, from, to);
    } else {
      violated(CloseCode.INVALID_PAYLOAD, CloseCode.INVALID_PAYLOAD.reason());
    }
  }

  /** A whole message whose payload is compressed. */
  private void readCompressed(int code, byte[] bytes, int from, int to) {
    MessageInflater inflater = loop.inflater();
    int size = inflater.inflate(bytes, from, to, receiver.maxMessageBytes());
    byte[] message = inflater.output();
    if (size == MessageInflater.TOO_LONG) {
      boolean unused = tooBig();
    } else if (size == MessageInflater.DAMAGED) {
      violated(CloseCode.PROTOCOL_ERROR, "compressed data is damaged");
    } else if (code == BINARY) {
      receiver.onBinary(Arrays.copyOf(message, size));
    } else if (Payload.utf8(Payload.COMPLETE, message, 0, size) == Payload.COMPLETE) {
      receiver.onText(message, 0, size);
    } else {
      violated(CloseCode.INVALID_PAYLOAD, CloseCode.INVALID_PAYLOAD.reason());
    }
    inflater.release();
  }

  private void readData(byte[] bytes, int from, int to, boolean ascii) {
    UnfinishedMessage unfinished = message;
    if (unfinished == null) {
      unfinished = new UnfinishedMessage(this, loop, opcode, compressed);
      message = unfinished;
    }
    if (!unfinished.readsOn(bytes, from, to, ascii)) {
      violated(CloseCode.INVALID_PAYLOAD, CloseCode.INVALID_PAYLOAD.reason());
      return;
    }
    if (!unfinished.add(bytes, from, to, mostPayload())) {
      unfinished.giveWay(false);
      return;
    }
    if (taken < length) {
      // The rest of this frame continues the message that it began.
      opcode = CONTINUATION;
      return;
    }
    opcode = -1;
    if (fin) {
      message = null;
      endMessage(unfinished);
    }
  }

  private void endMessage(UnfinishedMessage whole) {
    byte[] bytes = whole.bytes();
    int size = whole.size();
    whole.end();
    if (compressed) {
      readCompressed(whole.opcode(), bytes, 0, size);
    } else if (whole.opcode() == BINARY) {
      receiver.onBinary(Arrays.copyOf(bytes, size));
    } else if (whole.isWholeText()) {
      receiver.onText(bytes, 0, size);
    } else {
      violated(CloseCode.INVALID_PAYLOAD, CloseCode.INVALID_PAYLOAD.reason());
    }
  }

  private void readControl(byte[] bytes, int from, int to) {
    int before = control.length;
    control = Arrays.copyOf(control, before + to - from);
    System.arraycopy(bytes, from, control, before, to - from);
    if (taken < length) {
      return;
    }
    int code = opcode;
    byte[] payload = control;
    opcode = -1;
    control = EMPTY;
    if (code != CLOSE) {
      receiver.onControl(code, payload);
    } else if (isValidClose(payload)) {
      stop();
      receiver.onControl(code, payload);
    } else {
      stop();
      receiver.onCloseSkipped();
    }
  }

  /** RFC 6455, sections 5.5.1 and 7.4. */
  private boolean isValidClose(byte[] payload) {
    if (payload.length == 0) {
      return true;
    }
    if (payload.length == 1) {
      return violated(CloseCode.PROTOCOL_ERROR, "close frame of one byte");
    }
    int code = ((payload[0] & 0xff) << 8) | (payload[1] & 0xff);
    // 1012 to 1014 are a server's or a gateway's to send.
    boolean defined = code >= 1000 && code <= 1011 && code != 1004 && code != 1005 && code != 1006;
    if (!defined && (code < 3000 || code > 4999)) {
      return violated(CloseCode.PROTOCOL_ERROR, "close code " + code + " must not be sent");
    }
    return Payload.utf8(Payload.COMPLETE, payload, 2, payload.length) == Payload.COMPLETE
        || violated(CloseCode.INVALID_PAYLOAD, CloseCode.INVALID_PAYLOAD.reason());
  }
}
