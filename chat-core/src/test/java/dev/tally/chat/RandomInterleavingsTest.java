package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.Transport;
import dev.tally.chat.testing.ForwardingStore;
import dev.tally.chat.testing.LogEntry;
import dev.tally.chat.testing.MessageLogStore;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two servers on one store, clients that resume as docs/PROTOCOL.md tells them to, and everything
 * that can go wrong, in an order that a seed decides; with every other seed the store blocks, and
 * things happen while a batch flies. After every step: a count is seen only once it is stored,
 * every client sees 1, 2, 3, … whatever breaks, only connections that still wait ask for a session,
 * and no server takes it from the newest connection for an older one. With half of the seeds the
 * store keeps messages: at the end its log has what each client sent, each number once, in order.
 * Three of the four clients have the same session id, but are different subjects. Tokens expire.
 */
class RandomInterleavingsTest {

  private static final int STEPS = 400;

  static IntStream seeds() {
    return IntStream.range(0, 1000);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void nothingIsLostAndNothingIsCountedTwice(int seed) {
    World world = new World(new Random(seed), seed % 2 == 1, seed % 4 >= 2);
    for (int step = 0; step < STEPS; step++) {
      world.step();
      world.rethrow();
    }
    world.settle();
    world.rethrow();
    for (Client client : world.clients) {
      assertThat(client.acknowledged).as("acknowledged, seed %d", seed).isEqualTo(client.sent);
      assertThat(world.truth.open(client.key).count())
          .as("stored, seed %d", seed)
          .isEqualTo(client.sent);
      if (world.log != null) {
        // A session that expired before its first message begins again: not always the first one.
        List<LogEntry> entries = world.log.log(client.key);
        String began = entries.isEmpty() ? "" : entries.get(0).began();
        assertThat(entries)
            .as("message log, seed %d", seed)
            .isEqualTo(
                LongStream.rangeClosed(1, client.sent)
                    .mapToObj(n -> new LogEntry.Message(began, n, text(n)))
                    .toList());
      }
    }
  }

  private static String text(long number) {
    return "message " + number;
  }

  /** One server, and its way to the store, which it takes on the test's thread. */
  private static final class Server extends ForwardingStore {
    private final World world;
    private final FaultyStore link;
    private final ChatHub hub;
    private @Nullable DrainSchedule drain;

    Server(World world) {
      this(world, new FaultyStore(new Recording(world.truth, world.committed)));
    }

    private Server(World world, FaultyStore link) {
      super(link);
      this.world = world;
      this.link = link;
      this.hub =
          new ChatHub(
              this,
              ChatMetrics.NONE,
              ChatSettings.defaults(),
              world.clock,
              world.clock.monotonic(),
              MessageListener.NONE);
    }

    @Override
    public boolean blocks() {
      return world.blocks;
    }

    @Override
    public List<Optional<Lease>> openAll(List<SessionId> ids) {
      world.expect(
          () ->
              assertThat(ids)
                  .as("sessions that a client waits for")
                  .allMatch(id -> world.client(id).waitsAt(this)));
      return world.whileOthersGoOn(() -> super.openAll(ids));
    }

    @Override
    public List<CommitResult> commitAll(List<Commit> commits) {
      return world.whileOthersGoOn(() -> super.commitAll(commits));
    }

    @Override
    public Lease open(SessionId id) {
      world.client(id).claimedBy = this;
      return super.open(id);
    }
  }

  /** A client of tally.v1 and everything that it knows. */
  private static final class Client {
    private final SessionId id;
    private final Optional<Subject> subject;
    private final SessionId key;
    private final World world;
    private long sent;
    private long acknowledged;
    private @Nullable Connection current;
    private @Nullable Server claimedBy;
    private final List<Connection> halfOpen = new ArrayList<>();

    Client(World world, SessionId id, Optional<Subject> subject) {
      this.world = world;
      this.id = id;
      this.subject = subject;
      this.key = new Identity(subject, Optional.empty()).keyOf(id);
    }

    /** Some of the tokens expire while they are used. */
    private Identity identity() {
      return new Identity(
          subject,
          subject
              .filter(owner -> world.random.nextBoolean())
              .map(owner -> world.clock.instant().plusSeconds(world.random.nextInt(60) - 30)));
    }

    void connect(Server server) {
      Connection connection = new Connection(this, server);
      current = connection;
      connection.session = server.hub.connect(connection, id, Subprotocol.TALLY_V1, identity());
      connection.resend();
    }

    boolean waitsAt(Server server) {
      return Stream.concat(Stream.ofNullable(current), halfOpen.stream())
          .anyMatch(
              connection ->
                  connection.server == server
                      && !connection.welcomed
                      && !connection.closedByServer);
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
    private final Server server;
    private boolean welcomed;
    private long next = -1;
    private long onTheWay;
    private boolean closedByServer;

    Connection(Client client, Server server) {
      this.client = client;
      this.server = server;
    }

    @Override
    public void send(Reply reply) {
      if (closedByServer) {
        return;
      }
      if (reply instanceof Reply.Count count) {
        client.world.expect(() -> expect(count.n()));
        if (client.current == this) {
          client.acknowledged = count.n();
        }
      }
    }

    private void expect(long count) {
      assertThat(client.world.stored(client.key))
          .as("a count is seen only once it is stored")
          .isGreaterThanOrEqualTo(count);
      if (client.current == this) {
        assertThat(count).as("no gap, no repeat").isEqualTo(client.acknowledged + 1);
      }
    }

    @Override
    public void opened(Lease lease) {
      welcomed = true;
      if (client.current == this) {
        long known = client.acknowledged;
        client.world.expect(
            () ->
                assertThat(lease.count())
                    .as("acknowledged stays, and nothing is counted twice")
                    .isBetween(known, client.sent));
        client.acknowledged = lease.count();
        next = lease.count() + 1;
      }
    }

    @Override
    public void close(CloseCode code, String reason) {
      closedByServer = true;
      if (code == CloseCode.SUPERSEDED && client.current == this) {
        client.world.expect(
            () ->
                assertThat(client.claimedBy)
                    .as("server that took the session from the newest connection")
                    .isNotSameAs(server));
      }
    }

    /** Sends everything from the first message that the server has not seen on this connection. */
    void resend() {
      ChatSession open = session;
      while (open != null && next > 0 && next <= client.sent && !closedByServer) {
        open.onText(text(next++));
      }
    }

    /** What was on its way when the client's end was gone comes in late. */
    void lateArrival() {
      ChatSession open = session;
      if (open != null && next > 0 && next <= onTheWay) {
        open.onText(text(next++));
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
    private final boolean blocks;
    private final MutableClock clock = new MutableClock();
    private final Map<SessionId, Long> committed = new HashMap<>();
    private final @Nullable MessageLogStore log;
    private final SessionStore truth;
    private final List<Server> servers = new ArrayList<>();
    private final List<Client> clients = new ArrayList<>();
    private boolean flying;
    private boolean settling;
    private @Nullable AssertionError wrong;

    World(Random random, boolean blocks, boolean keepsMessages) {
      this.random = random;
      this.blocks = blocks;
      SessionStore counts = new InMemorySessionStore(Duration.ofHours(1), 1000, clock.monotonic());
      this.log = keepsMessages ? new MessageLogStore(counts) : null;
      this.truth = log == null ? counts : log;
      servers.add(start());
      servers.add(start());
      SessionId stolen = SessionId.random();
      clients.add(new Client(this, stolen, Optional.of(new Subject("alice"))));
      clients.add(new Client(this, stolen, Optional.of(new Subject("mallory"))));
      clients.add(new Client(this, stolen, Optional.empty()));
      clients.add(new Client(this, SessionId.random(), Optional.of(new Subject("alice"))));
    }

    private Server start() {
      // Not started: sweeps come from the steps alone, so that a seed decides everything.
      return new Server(this);
    }

    /** What transports and stores throw, the hub catches. */
    void expect(Runnable assertions) {
      try {
        assertions.run();
      } catch (AssertionError e) {
        wrong = wrong == null ? e : wrong;
      }
    }

    void rethrow() {
      if (wrong != null) {
        throw wrong;
      }
    }

    Client client(SessionId key) {
      return clients.stream().filter(client -> client.key.equals(key)).findAny().orElseThrow();
    }

    /** A batch flies to the store, is done there, and its answer flies back. */
    <T> T whileOthersGoOn(Supplier<T> batch) {
      if (!blocks || settling) {
        return batch.get();
      }
      flying = true;
      try {
        stepSometimes();
        T answer = batch.get();
        stepSometimes();
        return answer;
      } finally {
        flying = false;
      }
    }

    private void stepSometimes() {
      for (int i = random.nextInt(3); i > 0; i--) {
        step();
      }
    }

    long stored(SessionId id) {
      return committed.getOrDefault(id, 0L);
    }

    void step() {
      Client client = clients.get(random.nextInt(clients.size()));
      Server server = servers.get(random.nextInt(servers.size()));
      switch (random.nextInt(blocks ? 30 : 15)) {
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
          servers.forEach(each -> each.hub.closeExpired());
        }
        case 13 -> client.halfOpen.stream().findAny().ifPresent(Connection::lateArrival);
        case 14 -> {
          if (!flying) {
            promote(server);
          }
        }
        default -> {
          if (!flying) {
            server.hub.takeBatches();
          }
        }
      }
      deliverCloses();
    }

    /** Drains a server a little, or replaces it when its drain is over. */
    private void promote(Server server) {
      DrainSchedule drain = server.drain;
      if (drain == null) {
        server.hub.announceDrain();
        List<ChatSession> sessions = new ArrayList<>();
        for (Client client : clients) {
          Optional.ofNullable(client.current)
              .filter(connection -> connection.server == server)
              .map(connection -> connection.session)
              .ifPresent(sessions::add);
        }
        server.drain =
            new DrainSchedule(
                sessions,
                Duration.ofSeconds(10),
                Duration.ofSeconds(2),
                clock.monotonic().millis());
      } else {
        drain.step(clock.monotonic().millis() + 10_000);
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
      settling = true;
      servers.forEach(
          server -> {
            server.link.setDown(false);
            server.link.setAnswersGetLost(false);
          });
      // What still waits there would take the sessions from their clients' last connections.
      servers.forEach(server -> server.hub.takeBatches());
      Server last = start();
      for (Client client : clients) {
        client.lose(random.nextBoolean());
        clock.advance(Duration.ofMillis(1));
        client.connect(last);
      }
      for (int i = 0; i < clients.size() && blocks; i++) {
        last.hub.takeBatches();
        clients.forEach(
            client -> Optional.ofNullable(client.current).ifPresent(Connection::resend));
      }
    }
  }

  /** Remembers the highest count that a store took, for a look from outside. */
  private static final class Recording extends ForwardingStore {
    private final Map<SessionId, Long> committed;

    Recording(SessionStore store, Map<SessionId, Long> committed) {
      super(store);
      this.committed = committed;
    }

    @Override
    public CommitResult commit(Commit commit) {
      CommitResult result = super.commit(commit);
      if (result == CommitResult.STORED) {
        committed.merge(commit.lease().sessionId(), commit.count(), Math::max);
      }
      return result;
    }
  }
}
