package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.Transport;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Real threads, a store that blocks and breaks, and clients that take over from themselves, also
 * from a connection that still waits for its welcome.
 */
class StressTest {

  private static final int CLIENTS = 16;
  private static final int MESSAGES = 300;

  @Test
  void countsStayExactUnderTakeoversAndOutages() throws Exception {
    SessionStore truth =
        new InMemorySessionStore(Duration.ofHours(1), 1000, MonotonicClock.system());
    FaultyStore store = new FaultyStore(truth);
    ExecutorService threads = Executors.newCachedThreadPool();
    try (ChatHub hub =
        new ChatHub(store, ChatMetrics.NONE, ChatSettings.defaults(), InstantSource.system())) {
      hub.start();
      List<Future<Client>> running = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Client client = new Client(hub, new Random(i));
        running.add(threads.submit(client::run, client));
      }
      Random faults = new Random(CLIENTS);
      while (!running.stream().allMatch(Future::isDone)) {
        store.setDown(faults.nextInt(10) == 0);
        store.setAnswersGetLost(faults.nextInt(10) == 0);
        TimeUnit.MILLISECONDS.sleep(faults.nextInt(5));
      }
      store.setDown(false);
      store.setAnswersGetLost(false);
      for (Future<Client> each : running) {
        Client client = each.get();
        assertThat(client.wrong).isEmpty();
        assertThat(client.acknowledged).isEqualTo(MESSAGES);
        assertThat(truth.open(client.id).count()).isEqualTo(MESSAGES);
      }
      await().until(() -> hub.statistics().pendingMessages() == 0);
      assertThat(hub.statistics().pendingBytes()).isZero();
    } finally {
      threads.shutdownNow();
    }
  }

  private static final class Client {
    private final SessionId id = SessionId.random();
    private final ChatHub hub;
    private final Random random;
    private final List<String> wrong = new ArrayList<>();
    private long acknowledged;
    private long generation;

    Client(ChatHub hub, Random random) {
      this.hub = hub;
      this.random = random;
    }

    void run() {
      while (acknowledged() < MESSAGES) {
        Connection connection = new Connection(this, nextGeneration());
        ChatSession session = hub.connect(connection, id, Subprotocol.TALLY_V1);
        if (random.nextInt(4) == 0) {
          // It gives up on this one and comes back at once; the server hears of it or does not.
          if (random.nextBoolean()) {
            session.onClose(CloseCode.ABNORMAL.code());
          }
          continue;
        }
        await()
            .pollInterval(Duration.ofMillis(1))
            .until(() -> connection.next() > 0 || connection.closed);
        long target = Math.min(connection.next(), MESSAGES);
        int burst = 1 + random.nextInt(60);
        for (long n = connection.next();
            n > 0 && n <= MESSAGES && burst > 0 && !connection.closed;
            n++) {
          session.onText("message");
          burst--;
        }
        if (random.nextBoolean()) {
          await()
              .pollInterval(Duration.ofMillis(1))
              .until(() -> acknowledged() >= target || connection.closed);
        }
        // Otherwise it stays half-open, and the next connection takes over.
        if (random.nextBoolean()) {
          session.onClose(CloseCode.ABNORMAL.code());
        }
      }
    }

    private synchronized long acknowledged() {
      return acknowledged;
    }

    private synchronized long nextGeneration() {
      return ++generation;
    }

    private synchronized void count(long n, long connection) {
      if (connection == generation) {
        if (n != acknowledged + 1) {
          wrong.add(n + " came after " + acknowledged);
        }
        acknowledged = n;
      }
    }

    private synchronized void closed(CloseCode code, long connection) {
      if (connection == generation && code == CloseCode.SUPERSEDED) {
        wrong.add("connection " + connection + " was superseded, and is the newest");
      }
    }

    private synchronized void welcome(long count, long connection) {
      if (connection == generation) {
        if (count < acknowledged || count > MESSAGES) {
          wrong.add("welcome with " + count + " after " + acknowledged);
        }
        acknowledged = count;
      }
    }
  }

  private static final class Connection implements Transport {
    private final Client client;
    private final long generation;
    private volatile long next;
    private volatile boolean closed;

    Connection(Client client, long generation) {
      this.client = client;
      this.generation = generation;
    }

    long next() {
      return next;
    }

    @Override
    public void opened(Lease lease) {
      client.welcome(lease.count(), generation);
      next = lease.count() + 1;
    }

    @Override
    public void send(Reply reply) {
      if (reply instanceof Reply.Count count && !closed) {
        client.count(count.n(), generation);
      }
    }

    @Override
    public void close(CloseCode code, String reason) {
      client.closed(code, generation);
      closed = true;
    }
  }
}
