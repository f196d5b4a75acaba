package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.Transport;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two servers on one store, clients that resume as docs/PROTOCOL.md tells them to, and everything
 * that can go wrong, in an order that a seed decides. After every step: a count is seen only once
 * it is stored, every client sees 1, 2, 3, … whatever breaks, and one connection owns a session.
 */
class RandomInterleavingsTest {

  private static final int STEPS = 400;
  private static final int CLIENTS = 4;

  static IntStream seeds() {
    return IntStream.range(0, 500);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void nothingIsLostAndNothingIsCountedTwice(int seed) {
    World world = new World(new Random(seed));
    for (int step = 0; step < STEPS; step++) {
      world.step();
    }
    world.settle();
    for (Client client : world.clients) {
      assertThat(client.acknowledged).as("acknowledged, seed %d", seed).isEqualTo(client.sent);
      assertThat(world.truth.open(client.id).count())
          .as("stored, seed %d", seed)
          .isEqualTo(client.sent);
    }
  }

  /** The same, as the hub sees it: it never blocks, so that one thread decides every order. */
  private static final class Link implements SessionStore {
    private final FaultyStore store;

    Link(FaultyStore store) {
      this.store = store;
    }

    @Override
    public boolean blocks() {
      return false;
    }

    @Override
    public Lease open(SessionId id) {
      return store.open(id);
    }

    @Override
    public CommitResult commit(Commit commit) {
      return store.commit(commit);
    }
  }

  /** One server, and its way to the store. */
  private static final class Server {
    private final FaultyStore link;
    private final ChatHub hub;
    private @Nullable Drain drain;

    Server(SessionStore truth, MutableClock clock) {
      link = new FaultyStore(truth);
      hub = new ChatHub(new Link(link), ChatMetrics.NONE, ChatConfig.defaults(), clock);
    }
  }

  /** A client of tally.v1 and everything that it knows. */
  private static final class Client {
    private final SessionId id = SessionId.random();
    private final World world;
    private long sent;
    private long acknowledged;
    private @Nullable Connection current;
    private final List<Connection> halfOpen = new ArrayList<>();

    Client(World world) {
      this.world = world;
    }

    void connect(Server server) {
      Connection connection = new Connection(this);
      current = connection;
      connection.session = server.hub.connect(connection, id, Subprotocol.TALLY_V1);
      connection.server = server;
      connection.resend();
    }

    void send() {
      sent++;
      // Now, or together with a later one: until then it is on its way.
      if (current != null && world.random.nextInt(3) > 0) {
        current.resend();
      }
    }

    /** The client's end is gone; the server hears of it now, or finds out later. */
    void lose(boolean serverKnows) {
      if (current != null) {
        current.onTheWay = sent;
        halfOpen.add(current);
        current = null;
      }
      if (serverKnows) {
        halfOpen.forEach(connection -> connection.end(1006));
        halfOpen.clear();
      }
    }
  }

  /** One connection: the transport that the hub sees, and what the client makes of it. */
  private static final class Connection implements Transport {
    private final Client client;
    private @Nullable ChatSession session;
    private @Nullable Server server;
    private long next = -1;
    private long onTheWay;
    private boolean closedByServer;

    Connection(Client client) {
      this.client = client;
    }

    @Override
    public void send(Reply reply) {
      if (closedByServer) {
        return;
      }
      if (reply instanceof Reply.Count count) {
        long stored = client.world.stored(client.id);
        assertThat(stored)
            .as("a count is seen only once it is stored")
            .isGreaterThanOrEqualTo(count.n());
        if (client.current == this) {
          assertThat(count.n()).as("no gap, no repeat").isEqualTo(client.acknowledged + 1);
          client.acknowledged = count.n();
        }
      }
    }

    @Override
    public void opened(Lease lease) {
      if (client.current == this) {
        assertThat(lease.count())
            .as("acknowledged stays")
            .isGreaterThanOrEqualTo(client.acknowledged);
        assertThat(lease.count()).as("nothing is counted twice").isLessThanOrEqualTo(client.sent);
        client.acknowledged = lease.count();
        next = lease.count() + 1;
      }
    }

    @Override
    public void close(CloseCode code, String reason) {
      closedByServer = true;
    }

    /** Sends everything from the first message that the server has not seen on this connection. */
    void resend() {
      ChatSession open = session;
      while (open != null && next > 0 && next <= client.sent && !closedByServer) {
        next++;
        open.onText("message");
      }
    }

    /** What was on its way when the client's end was gone comes in late. */
    void lateArrival() {
      ChatSession open = session;
      if (open != null && next > 0 && next <= onTheWay) {
        next++;
        open.onText("late");
      }
    }

    void end(int code) {
      if (session != null) {
        session.onClose(code);
      }
    }
  }

  private static final class World {
    private final Random random;
    private final MutableClock clock = new MutableClock();
    private final Map<SessionId, Long> committed = new HashMap<>();
    private final SessionStore truth = new InMemorySessionStore(Duration.ofHours(1), 1000, clock);
    private final List<Server> servers = new ArrayList<>();
    private final List<Client> clients = new ArrayList<>();

    World(Random random) {
      this.random = random;
      servers.add(start());
      servers.add(start());
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(new Client(this));
      }
    }

    private Server start() {
      // Not started: sweeps come from the steps alone, so that a seed decides everything.
      return new Server(new Recording(truth, committed), clock);
    }

    long stored(SessionId id) {
      return committed.getOrDefault(id, 0L);
    }

    void step() {
      Client client = clients.get(random.nextInt(clients.size()));
      Server server = servers.get(random.nextInt(servers.size()));
      switch (random.nextInt(15)) {
        case 0, 1, 2, 3, 4 -> client.send();
        case 5 -> client.lose(true);
        case 6 -> client.lose(false);
        case 7, 8 -> {
          client.lose(random.nextBoolean());
          client.connect(server);
        }
        case 9 -> server.link.setDown(random.nextBoolean());
        case 10 -> server.link.setAnswersGetLost(random.nextInt(3) == 0);
        case 11, 12 -> {
          clock.advance(Duration.ofMillis(random.nextInt(20_000)));
          servers.forEach(each -> each.hub.sweep());
        }
        case 13 -> client.halfOpen.stream().findAny().ifPresent(Connection::lateArrival);
        default -> promote(server);
      }
      deliverCloses();
    }

    /** Drains a server a little, or replaces it when its drain is over. */
    private void promote(Server server) {
      Drain drain = server.drain;
      if (drain == null) {
        server.hub.announceDrain();
        List<ChatSession> sessions = new ArrayList<>();
        for (Client client : clients) {
          Optional.ofNullable(client.current)
              .filter(connection -> connection.server == server)
              .map(connection -> connection.session)
              .ifPresent(sessions::add);
        }
        server.drain = new Drain(sessions, Duration.ofSeconds(10), clock.millis());
      } else {
        drain.step(clock.millis() + 10_000);
        deliverCloses();
        for (Client client : clients) {
          if (client.current != null && client.current.server == server) {
            client.lose(true);
          }
        }
        servers.set(servers.indexOf(server), start());
      }
    }

    private void deliverCloses() {
      for (Client client : clients) {
        if (client.current != null && client.current.closedByServer) {
          client.lose(true);
        }
      }
    }

    /** Everything works again, and every client comes back once more. */
    void settle() {
      servers.forEach(
          server -> {
            server.link.setDown(false);
            server.link.setAnswersGetLost(false);
          });
      Server last = start();
      for (Client client : clients) {
        client.lose(random.nextBoolean());
        clock.advance(Duration.ofMillis(1));
        client.connect(last);
      }
    }
  }

  /** Remembers the highest count that a store took, for a look from outside. */
  private record Recording(SessionStore store, Map<SessionId, Long> committed)
      implements SessionStore {

    @Override
    public Lease open(SessionId id) {
      return store.open(id);
    }

    @Override
    public CommitResult commit(Commit commit) {
      CommitResult result = store.commit(commit);
      if (result == CommitResult.STORED) {
        committed.merge(commit.lease().sessionId(), commit.count(), Math::max);
      }
      return result;
    }
  }
}
