package dev.tally.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Random handshakes and frames, whole and mutilated. A run prints its seed; to repeat it: {@code
 * -Dtally.fuzz.seed=SEED}, with {@code -Dtally.fuzz.cases=1} for the case that a failure names.
 */
class FuzzTest {

  private static final long SEED = Long.getLong("tally.fuzz.seed", System.nanoTime());
  private static final int CASES = Integer.getInteger("tally.fuzz.cases", 2000);

  /** What the server says of its own, or the echo of a code that a client may send. */
  private static final String LEGAL_END = "close:(|100[0-37-9]|101[01]|[34]\\d{3})";

  /** FIN or not, and every opcode that there is; one in four with RSV1 besides. */
  private static final int[] FIRST_BYTES = {0, 1, 2, 8, 9, 10, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a};

  private static final String[] NO_OFFER = {};
  private static final String[] OFFER = {"Sec-WebSocket-Extensions: permessage-deflate"};

  /** Of a first byte: the message is compressed. */
  private static final int RSV1 = 0x40;

  private static final long[] BOUNDARIES = {
    0, 125, 65_535, Integer.MAX_VALUE, 1L << 32, Long.MAX_VALUE - 16, Long.MIN_VALUE + 16, -17
  };

  private static final String[] HEADERS_WITH_NUMBERS = {
    "Content-Length: ",
    "Sec-WebSocket-Version: ",
    "Origin: http://tally.example:",
    "X-Forwarded-For: 192.0.2.",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=",
    "Keep-Alive: timeout=",
    "Range: bytes=0-",
    "Upgrade-Insecure-Requests: ",
    "Transfer-Encoding: chunked\r\n\r\n"
  };

  private RunningServer server;
  private CapturedLog log;
  private RawClient bystander;
  private List<Thread> threads;

  @BeforeEach
  void start() throws IOException {
    System.out.println("-Dtally.fuzz.seed=" + SEED);
    log = new CapturedLog();
    // Those of an earlier test may be about to end.
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    // A bystander's next frame is its count however long the cases take, not a ping.
    server =
        new RunningServer(
            l -> l.withCompression().withTimes(Duration.ofSeconds(30), Duration.ofHours(1)));
    bystander = RawClient.open(server.port());
    assertThat(server.accepts()).isTrue();
    threads =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> !before.contains(thread) && isServers(thread))
            .toList();
  }

  private static boolean isServers(Thread thread) {
    return thread.getName().contains("SelectorRunner") || thread.getName().startsWith("tally-");
  }

  @AfterEach
  void nobodyElseWasHarmed() throws Exception {
    Await.until(() -> server.server().hub().statistics().connections() == 1);
    bystander.text("still here");
    assertThat(bystander.next().opcode()).isEqualTo(RawClient.TEXT);
    bystander.close();
    assertThat(threads).hasSizeGreaterThan(1).allMatch(Thread::isAlive);
    assertThat(server.events).doesNotContain("error internal", "error endpoint");
    assertThat(log.troubles).isEmpty();
    server.close();
    log.close();
  }

  @Test
  void framesAreAnsweredOrRefused() {
    for (int i = 0; i < CASES; i++) {
      Random random = new Random(SEED + i);
      try {
        if (random.nextBoolean()) {
          answersValidFrames(random);
        } else {
          survivesMutilatedFrames(random);
        }
      } catch (AssertionError | IOException e) {
        throw new AssertionError("-Dtally.fuzz.seed=" + (SEED + i) + " -Dtally.fuzz.cases=1", e);
      }
    }
  }

  @Test
  void handshakesAreAnsweredOrRefused() {
    for (int i = 0; i < CASES / 4; i++) {
      Random random = new Random(SEED + i);
      try (RawClient client = new RawClient(server.port())) {
        assertThat(firstLine(client, random, mutilatedHandshake(random)))
            .matches("|HTTP/1.1 (101|200|[34]\\d\\d|501|505) .*");
      } catch (AssertionError | IOException e) {
        throw new AssertionError("-Dtally.fuzz.seed=" + (SEED + i) + " -Dtally.fuzz.cases=1", e);
      }
    }
  }

  /** Empty if the server ends the connection without a word, or before all of it is sent. */
  private static String firstLine(RawClient client, Random random, byte[] request)
      throws IOException {
    try {
      send(client, random, request);
      client.socket.shutdownOutput();
      byte[] start = client.socket.getInputStream().readNBytes(64);
      return new String(start, UTF_8).lines().findFirst().orElse("");
    } catch (SocketException e) {
      return "";
    }
  }

  private void answersValidFrames(Random random) throws IOException {
    boolean offered = random.nextBoolean();
    Stream stream = new Stream(random, offered);
    try (RawClient client = open(offered)) {
      send(client, random, stream.bytes);
      for (String expected : stream.answers) {
        assertThat(client.next()).hasToString(expected);
      }
      client.socket.shutdownOutput();
      assertThat(client.atEnd()).isTrue();
    }
  }

  private void survivesMutilatedFrames(Random random) throws IOException {
    boolean offered = random.nextBoolean();
    try (RawClient client = open(offered)) {
      List<String> answers = new ArrayList<>();
      try {
        send(client, random, mutilatedFrames(random, offered));
        client.socket.shutdownOutput();
        while (true) {
          answers.add(client.next().toString());
        }
      } catch (EOFException | SocketException e) {
        // The end, by FIN or, where the server had not read all of it, by reset.
      }
      int count = 0;
      for (int i = 0; i < answers.size(); i++) {
        String answer = answers.get(i);
        if (answer.startsWith("count:")) {
          assertThat(answer).isEqualTo("count:" + ++count);
        } else if (answer.startsWith("close:")) {
          assertThat(i).as("nothing behind the close frame").isEqualTo(answers.size() - 1);
          assertThat(answer).matches(LEGAL_END);
        } else {
          assertThat(answer).startsWith("pong:");
        }
      }
    }
  }

  private RawClient open(boolean offersCompression) throws IOException {
    return RawClient.open(server.port(), "/ws/chat/", offersCompression ? OFFER : NO_OFFER);
  }

  private static void send(RawClient client, Random random, byte[] bytes) throws IOException {
    int at = 0;
    while (at < bytes.length) {
      int end = random.nextInt(4) == 0 ? bytes.length : at + 1 + random.nextInt(bytes.length - at);
      client.send(Arrays.copyOfRange(bytes, at, end));
      at = end;
    }
  }

  /** Half of them have, between two frames, a header with a length at some boundary. */
  private static byte[] mutilatedFrames(Random random, boolean compression) {
    Stream stream = new Stream(random, compression);
    if (random.nextBoolean()) {
      return mutilated(random, stream.bytes);
    }
    int at = stream.boundaries.get(random.nextInt(stream.boundaries.size()));
    int rsv = random.nextInt(4) == 0 ? RSV1 : 0;
    int firstByte = rsv | FIRST_BYTES[random.nextInt(FIRST_BYTES.length)];
    byte[] header = RawClient.frame(firstByte, boundary(random), new byte[0]);
    byte[] before = Arrays.copyOf(stream.bytes, at);
    byte[] after = Arrays.copyOfRange(stream.bytes, at, stream.bytes.length);
    return RawClient.concat(
        before, header, random.nextBoolean() ? after : mutilated(random, after));
  }

  /** Half of them have a header with a number at some boundary. */
  private static byte[] mutilatedHandshake(Random random) {
    if (random.nextBoolean()) {
      return mutilated(random, RawClient.handshake("/ws/chat/?a=b").getBytes(UTF_8));
    }
    String header = HEADERS_WITH_NUMBERS[random.nextInt(HEADERS_WITH_NUMBERS.length)];
    String number =
        random.nextInt(4) == 0
            ? Long.toUnsignedString(boundary(random)) + random.nextInt(1000)
            : Long.toString(boundary(random), header.endsWith("\r\n") ? 16 : 10);
    String path = random.nextBoolean() ? "/ws/chat/" : "/healthz";
    byte[] request = RawClient.handshake(path, header + number).getBytes(UTF_8);
    return random.nextBoolean() ? request : mutilated(random, request);
  }

  /** A number beside one of those at which additions and casts go wrong. */
  private static long boundary(Random random) {
    return BOUNDARIES[random.nextInt(BOUNDARIES.length)] + random.nextInt(33) - 16;
  }

  private static byte[] mutilated(Random random, byte[] bytes) {
    byte[] result = bytes;
    for (int times = 1 + random.nextInt(4); times > 0 && result.length > 0; times--) {
      int from = random.nextInt(result.length);
      int to = Math.min(result.length, from + 1 + random.nextInt(16));
      byte[] before = Arrays.copyOf(result, from);
      byte[] middle = Arrays.copyOfRange(result, from, to);
      byte[] after = Arrays.copyOfRange(result, to, result.length);
      switch (random.nextInt(6)) {
        case 0 -> middle[0] ^= (byte) (1 << random.nextInt(8));
        case 1 -> random.nextBytes(middle);
        case 2 -> middle = new byte[0];
        case 3 -> middle = RawClient.concat(middle, middle);
        case 4 -> after = new byte[0];
        default -> {
          byte[] noise = new byte[1 + random.nextInt(16)];
          random.nextBytes(noise);
          middle = RawClient.concat(middle, noise);
        }
      }
      result = RawClient.concat(before, middle, after);
    }
    return result;
  }

  /** Valid frames that end with a close, and what must come back. */
  private static final class Stream {

    private byte[] bytes = new byte[0];
    private final List<Integer> boundaries = new ArrayList<>();
    private final List<String> answers = new ArrayList<>();

    Stream(Random random, boolean compression) {
      int count = 0;
      for (int messages = random.nextInt(6); messages > 0; messages--) {
        byte[] payload = text(random).getBytes(UTF_8);
        int opcode = RawClient.TEXT;
        if (compression && random.nextBoolean()) {
          payload = CompressionTest.deflated(payload);
          opcode |= RSV1;
        }
        int at = 0;
        boundaries.add(bytes.length);
        while (random.nextInt(3) == 0) {
          int end = at + random.nextInt(payload.length - at + 1);
          byte[] piece = Arrays.copyOfRange(payload, at, end);
          bytes = RawClient.concat(bytes, RawClient.fragment(opcode, piece), ping(random));
          boundaries.add(bytes.length);
          opcode = RawClient.CONTINUATION;
          at = end;
        }
        byte[] last = Arrays.copyOfRange(payload, at, payload.length);
        bytes = RawClient.concat(bytes, RawClient.frame(opcode, last));
        answers.add("count:" + ++count);
        bytes = RawClient.concat(bytes, ping(random));
      }
      answers.add("close:1000");
      boundaries.add(bytes.length);
      bytes = RawClient.concat(bytes, Frames.of("close:1000"));
    }

    private byte[] ping(Random random) {
      if (random.nextBoolean()) {
        return random.nextBoolean() ? new byte[0] : Frames.of("pong:unasked");
      }
      answers.add("pong:" + answers.size());
      return Frames.of("ping:" + (answers.size() - 1));
    }

    /** Of any length class, with characters of every length. */
    private static String text(Random random) {
      int[] lengths = {0, 1, 20, 120, 130, 300, 5000};
      int length = lengths[random.nextInt(lengths.length)];
      int[] bounds = {0x80, 0x800, 0xd800, 0x110000};
      return random
          .ints(length, 0, bounds[random.nextInt(bounds.length)])
          .map(c -> c >= 0xd800 && c < 0xe000 ? 'x' : c)
          .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
          .toString();
    }
  }
}
