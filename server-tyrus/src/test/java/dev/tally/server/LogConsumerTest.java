package dev.tally.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.session.redis.MessageLog;
import dev.tally.session.redis.testing.RedisServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32;
import org.h2.tools.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The example consumer in Java, killed with the messages of two real servers and a real Redis in
 * the middle. Worker 0 reads partition 0, worker 1 reads partition 1; each has one session.
 */
class LogConsumerTest {

  private static final int WORKERS = 2;
  private static final int ROUNDS = 6;
  private static final int MESSAGES = 50;

  private final RedisServer redis = RedisServer.start("appendonly yes", "appendfsync always");
  private final List<String> sessions = List.of(sessionIn(0), sessionIn(1));
  private final Process[] workers = new Process[WORKERS];
  private Processes processes;
  private Server databaseServer;
  private Connection database;

  @BeforeEach
  void start(@TempDir Path directory) throws Exception {
    processes = new Processes(directory);
    databaseServer = Server.createTcpServer("-tcpPort", "0").start();
    database = DriverManager.getConnection("jdbc:h2:mem:inbox;MODE=PostgreSQL");
    for (String name : List.of("blue", "green")) {
      startServer(name);
    }
    for (int worker = 0; worker < WORKERS; worker++) {
      startWorker(worker);
    }
  }

  @AfterEach
  void stop() throws SQLException {
    processes.close();
    database.close();
    databaseServer.stop();
    redis.close();
  }

  @Test
  void eachMessageIsActedOnOnceAndInOrderThoughWorkersAndRedisAreKilled() throws Exception {
    int sent = 0;
    for (RawClient client : send("blue", sent, 1)) {
      client.expectCount(1);
      client.close();
    }
    sent = 1;
    for (int round = 0; round < ROUNDS; round++) {
      awaitAllOf(sent);
      int worker = round % WORKERS;
      List<RawClient> clients;
      try (Connection other = openDatabase()) {
        // The worker waits for this row once it has read: then for its rollback or its commit.
        other.setAutoCommit(false);
        insertIntoHandled(other, sessions.get(worker), sent + 1);
        clients = send(round % 2 == 0 ? "blue" : "green", sent, MESSAGES);
        Await.until(() -> pending(worker) > 0);
        if (round % 4 < 2) {
          workers[worker].destroyForcibly().waitFor();
        } else {
          redis.pause();
        }
        other.rollback();
      }
      if (round % 4 >= 2) {
        int before = sent;
        Await.until(() -> actedOn(sessions.get(worker)).size() > before);
        // Redis does not see the acknowledgement.
        workers[worker].destroyForcibly().waitFor();
        redis.kill();
        redis.restart();
      }
      for (RawClient client : clients) {
        for (int n = sent + 1; n <= sent + MESSAGES; n++) {
          client.expectCount(n);
        }
        client.close();
      }
      sent += MESSAGES;
      startWorker(worker);
    }
    awaitAllOf(sent);

    for (String session : sessions) {
      List<String> expected = new ArrayList<>();
      for (int n = 1; n <= sent; n++) {
        expected.add(n + " message " + n);
      }
      assertThat(actedOn(session)).isEqualTo(expected);
    }
  }

  @Test
  void gapIsSaid() throws Exception {
    for (RawClient client : send("blue", 0, 1)) {
      client.expectCount(1);
      client.close();
    }
    String session = sessions.get(0);
    // Counted by a server whose message log is off.
    redis.cli("HSET", "tally:session:{" + session + "}", "count", "4");

    for (RawClient client : send("green", 4, 1)) {
      client.next();
      client.close();
    }

    Await.until(() -> actedOn(session).size() == 2);
    assertThat(actedOn(session)).containsExactly("1 message 1", "5 message 5");
    assertThat(processes.output("worker-0")).contains(session + ": 2-4 are not in the log");
  }

  private void startServer(String name) throws Exception {
    processes.launch(
        name,
        "",
        "--port",
        "0",
        "--admin-port",
        "0",
        "--redis-url",
        redis.url(),
        "--message-log",
        "on",
        "--message-log-partitions",
        "" + WORKERS,
        "--retry-backoff",
        "100ms",
        "--heartbeat",
        "1h");
    processes.port(name);
  }

  private void startWorker(int worker) throws Exception {
    String url =
        "jdbc:h2:tcp://localhost:"
            + databaseServer.getPort()
            + "/mem:inbox;MODE=PostgreSQL;LOCK_TIMEOUT=600000";
    String name = "worker-" + worker;
    workers[worker] =
        processes.launch(
            name,
            "",
            "dev.tally.consumer.LogConsumer",
            List.of(redis.url(), url, "" + worker, "" + WORKERS));
    Await.until(() -> processes.output(name).contains("reads 1 partitions"));
  }

  /** Sends to all sessions at once, each over a connection of its own. */
  private List<RawClient> send(String server, int before, int messages) throws Exception {
    List<RawClient> clients = new ArrayList<>();
    for (String session : sessions) {
      RawClient client = RawClient.open(processes.port(server), "/ws/chat/?session_id=" + session);
      clients.add(client);
      for (int n = before + 1; n <= before + messages; n++) {
        client.text("message " + n);
      }
    }
    return clients;
  }

  private void awaitAllOf(int count) throws Exception {
    for (int partition = 0; partition < WORKERS; partition++) {
      int which = partition;
      Await.until(() -> actedOn(sessions.get(which)).size() >= count && pending(which) == 0);
    }
  }

  /** Entries of a partition that were read and not acknowledged. */
  private long pending(int partition) {
    String answer = redis.cli("XPENDING", MessageLog.stream(partition), "inbox");
    return Long.parseLong(answer.lines().findFirst().orElseThrow());
  }

  private static Connection openDatabase() throws SQLException {
    return DriverManager.getConnection("jdbc:h2:mem:inbox;MODE=PostgreSQL");
  }

  private static void insertIntoHandled(Connection connection, String session, int n)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO handled SELECT session, began, CAST(? AS BIGINT) FROM handled"
                + " WHERE session = ? AND n = 1")) {
      insert.setInt(1, n);
      insert.setString(2, session);
      insert.executeUpdate();
    }
  }

  private List<String> actedOn(String session) throws SQLException {
    List<String> found = new ArrayList<>();
    try (PreparedStatement select =
        database.prepareStatement("SELECT n, text FROM inbox WHERE session = ? ORDER BY id")) {
      select.setString(1, session);
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          found.add(row.getInt("n") + " " + row.getString("text"));
        }
      }
    }
    return found;
  }

  private static String sessionIn(int partition) {
    while (true) {
      String id = UUID.randomUUID().toString();
      CRC32 crc = new CRC32();
      crc.update(id.getBytes(US_ASCII));
      if (crc.getValue() % WORKERS == partition) {
        return id;
      }
    }
  }
}
