package dev.tally.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Response;
import dev.tally.server.websocket.BufferBudget;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients of plain HTTP that do not read what they asked for. */
class HttpReadersTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final String PAGE = "GET /client/tally-client.js HTTP/1.1\r\nHost: a\r\n\r\n";
  private static final int ANSWER_BYTES = 64 * 1024;

  /** At least two for each selector. */
  private static final int READERS = 2 * Runtime.getRuntime().availableProcessors();

  private final List<DeafReader> readers = new ArrayList<>();

  /** Asks on and on, and never reads. */
  private static final class DeafReader implements AutoCloseable {

    private final SocketChannel channel = SocketChannel.open();
    private ByteBuffer unsent = ByteBuffer.allocate(0);

    DeafReader(int port) throws IOException {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
      channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      channel.configureBlocking(false);
    }

    /** Sends as much as the socket takes now; false if the connection is over. */
    boolean ask(String request) {
      try {
        if (!unsent.hasRemaining()) {
          unsent = ByteBuffer.wrap(request.repeat(200).getBytes(US_ASCII));
        }
        channel.write(unsent);
        return true;
      } catch (IOException e) {
        return false;
      }
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  @AfterEach
  void closeReaders() throws IOException {
    for (DeafReader reader : readers) {
      reader.close();
    }
  }

  /** Readers with answers that wait in the process, beyond what the kernel takes. */
  private void stick(RunningServer server, String request) throws Exception {
    for (int i = 0; i < READERS; i++) {
      DeafReader reader = new DeafReader(server.port());
      readers.add(reader);
      long before = server.server().outboundBytes();
      Await.until(
          () -> {
            assertThat(reader.ask(request)).isTrue();
            return server.server().outboundBytes() > before + ANSWER_BYTES;
          });
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        PAGE,
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"
      })
  void holdNobodyUp(String request) throws Exception {
    try (RunningServer server =
        new RunningServer(l -> l.withOutboundBytes(1 << 30).withBufferedBytes(1 << 30))) {
      List<RawClient> others = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        others.add(RawClient.open(server.port()));
      }
      stick(server, request);
      for (int n = 1; n <= 20; n++) {
        for (RawClient other : others) {
          other.text("counted");
          other.expectCount(n);
        }
      }
      assertThat(server.server().outboundBytes()).isGreaterThan((long) READERS * ANSWER_BYTES / 2);
      for (RawClient other : others) {
        other.close();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PAGE, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"})
  void areCutOffAboveTheBound(String request) throws Exception {
    int bound = 32_768;
    try (CapturedLog log = new CapturedLog();
        RunningServer server = new RunningServer(l -> l.withOutboundBytes(bound));
        DeafReader reader = new DeafReader(server.port())) {
      long[] most = {0};
      Await.until(
          () -> {
            most[0] = Math.max(most[0], server.server().outboundBytes());
            return !reader.ask(request);
          });
      Await.until(() -> server.server().httpConnections() == 0);
      assertThat(server.events).containsOnlyOnce("error slow_consumer");
      assertThat(most[0]).isLessThanOrEqualTo(bound + ANSWER_BYTES);
      assertThat(server.server().outboundBytes()).isZero();
      assertThat(log.troubles).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PAGE, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"})
  void haveABoundForAllTogether(String request) throws Exception {
    try (RunningServer server =
            new RunningServer(l -> l.withOutboundBytes(1 << 30).withBufferedBytes(1 << 20));
        RawClient slow = new RawClient(server.port());
        RawClient other = new RawClient(server.port())) {
      BufferBudget budget = server.server().buffers().http();
      slow.send("GET /healthz HTTP/1.1\r\nHost: ".getBytes(US_ASCII));
      Await.until(() -> budget.used() > 0);
      long[] most = {0};
      for (int i = 0; i < READERS; i++) {
        readers.add(new DeafReader(server.port()));
      }
      Await.until(
          () -> {
            readers.forEach(reader -> reader.ask(request));
            most[0] = Math.max(most[0], budget.used());
            return server.events.contains("error buffers_full");
          });
      assertThat(most[0]).isLessThanOrEqualTo(budget.limit());
      for (int i = 0; i < 20; i++) {
        readers.forEach(reader -> reader.ask(request));
        other.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII));
        assertThat(other.response().status()).isEqualTo("200 OK");
      }
      slow.send("a\r\n\r\n".getBytes(US_ASCII));
      assertThat(slow.response().status()).isEqualTo("200 OK");
      for (DeafReader reader : readers) {
        reader.close();
      }
      Await.until(() -> budget.used() == 0);
    }
  }

  @Test
  void areNotTheOnlyOnesToHoldMemorySinceHeadsDoToo() throws Exception {
    List<RawClient> trickling = new ArrayList<>();
    try (RunningServer server = new RunningServer(l -> l.withBufferedBytes(1 << 20));
        RawClient honest = new RawClient(server.port())) {
      BufferBudget budget = server.server().buffers().http();
      honest.sendOneByOne("GET /healthz HTTP/1.1\r\nHost: ".getBytes(US_ASCII));
      Await.until(() -> budget.used() > 0);
      honest.send("a\r\n\r\n".getBytes(US_ASCII));
      assertThat(honest.response().status()).isEqualTo("200 OK");
      Await.until(() -> budget.used() == 0);
      trickling.add(new RawClient(server.port()));
      byte[] head = ("GET / HTTP/1.1\r\nX-Long: " + "x".repeat(2000)).getBytes(US_ASCII);
      while (!server.events.contains("error buffers_full")) {
        RawClient client = new RawClient(server.port());
        trickling.add(client);
        try {
          client.sendOneByOne(head);
        } catch (SocketException e) {
          // It held most, and was ended.
        }
        assertThat(budget.used()).isLessThanOrEqualTo(budget.limit());
      }
      honest.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII));
      assertThat(honest.response().status()).isEqualTo("200 OK");
      for (RawClient client : trickling) {
        client.close();
      }
      Await.until(() -> budget.used() == 0);
    } finally {
      for (RawClient client : trickling) {
        client.close();
      }
    }
  }

  @Test
  void areCutOffInTimeBelowTheBound() throws Exception {
    try (RunningServer server =
        new RunningServer(
            l ->
                l.withTimes(TIMEOUT, Duration.ofHours(1))
                    .withOutboundBytes(1 << 30)
                    .withBufferedBytes(1 << 30))) {
      stick(server, PAGE);
      Await.until(
          () -> {
            server.skip(TIMEOUT);
            return server.server().httpConnections() == 0;
          });
      assertThat(server.events).contains("error slow_consumer");
      assertThat(server.server().outboundBytes()).isZero();
    }
  }

  @Test
  void areNotKeptForARefusalThatTheyDoNotRead() throws Exception {
    String refused = RawClient.handshake("/ws/chat/?session_id=1");
    try (RunningServer server =
        new RunningServer(
            l ->
                l.withTimes(TIMEOUT, Duration.ofHours(1))
                    .withOutboundBytes(1 << 30)
                    .withBufferedBytes(1 << 30))) {
      stick(server, PAGE);
      for (DeafReader reader : readers) {
        reader.unsent = ByteBuffer.allocate(0);
        reader.channel.write(ByteBuffer.wrap(refused.repeat(10).getBytes(US_ASCII)));
      }
      Await.until(
          () ->
              server.events.stream().filter("handshake bad_session_id"::equals).count() == READERS);
      Await.until(
          () -> {
            server.skip(TIMEOUT);
            return server.server().httpConnections() == 0;
          });
      assertThat(server.events.stream().filter("handshake bad_session_id"::equals))
          .hasSize(READERS);
      assertThat(server.server().outboundBytes()).isZero();
    }
  }

  @Test
  void getEveryAnswerInOrderIfTheyRead() throws IOException {
    try (RunningServer server = new RunningServer();
        RawClient client = new RawClient(server.port())) {
      for (int round = 0; round < 500; round++) {
        client.send(
            (PAGE
                    + "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
                    + "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
                .getBytes(US_ASCII));
        Response page = client.response();
        assertThat(page.status()).isEqualTo("200 OK");
        assertThat(page.body()).contains("TallyClient");
        assertThat(client.response().body()).contains("\"status\":\"ok\"");
        assertThat(client.response().status()).isEqualTo("404 Not Found");
      }
    }
  }
}
