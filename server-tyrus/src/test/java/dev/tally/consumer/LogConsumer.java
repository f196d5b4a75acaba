package dev.tally.consumer;

import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Reads Tally's message log and acts on each message once. Copy it, and change {@link #act}.
 *
 * <p>Each worker reads partitions of its own, so the messages of a session come in order. It may be
 * killed at any time. Start it again with the same number, and it goes on where it was.
 */
final class LogConsumer {

  private static final String GROUP = "inbox";
  private static final StreamEntryID BEGINNING = new StreamEntryID(0, 0);

  /** Entries in one transaction, at most. */
  private static final int COUNT = 100;

  private static final String HANDLED =
      """
      CREATE TABLE IF NOT EXISTS handled (
        session CHAR(36), began BIGINT, n BIGINT, PRIMARY KEY (session, began, n))""";

  private static final String INBOX =
      """
      CREATE TABLE IF NOT EXISTS inbox (
        id BIGINT GENERATED ALWAYS AS IDENTITY, session CHAR(36), n BIGINT, text TEXT)""";

  private final RedisClient redis;
  private final Connection database;
  private final int worker;
  private final int workers;

  private LogConsumer(RedisClient redis, Connection database, int worker, int workers) {
    this.redis = redis;
    this.database = database;
    this.worker = worker;
    this.workers = workers;
  }

  /**
   * Runs until it is killed, or until the database fails.
   *
   * @param args the URL of Redis, that of the database for JDBC, the number of this worker (from
   *     0), and how many there are
   */
  public static void main(String[] args) throws SQLException, InterruptedException {
    URI uri = URI.create(args[0]);
    JedisClientConfig settings =
        DefaultJedisClientConfig.builder(uri)
            .socketTimeoutMillis(10_000)
            // Jedis waits for ever if this is not set.
            .blockingSocketTimeoutMillis(10_000)
            .build();
    try (RedisClient redis =
            RedisClient.builder()
                .hostAndPort(uri.getHost(), uri.getPort())
                .clientConfig(settings)
                .build();
        Connection database = DriverManager.getConnection(args[1])) {
      try (Statement statement = database.createStatement()) {
        statement.execute(HANDLED);
        statement.execute(INBOX);
      }
      database.setAutoCommit(false);
      new LogConsumer(redis, database, Integer.parseInt(args[2]), Integer.parseInt(args[3])).run();
    }
  }

  /** Your part. All that it writes here is stored together with the row in handled. */
  private void act(Message message) throws SQLException {
    update(
        "INSERT INTO inbox (session, n, text) VALUES (?, ?, ?)",
        message.session,
        message.n,
        message.text);
  }

  /** No two have the same session, began and n. */
  private record Message(String session, long began, long n, String text) {

    static Message of(Map<String, String> entry) {
      return new Message(
          field(entry, "session"),
          Long.parseLong(field(entry, "began")),
          Long.parseLong(field(entry, "n")),
          field(entry, "text"));
    }

    private static String field(Map<String, String> entry, String name) {
      return Objects.requireNonNull(entry.get(name), name);
    }
  }

  private void run() throws SQLException, InterruptedException {
    while (true) {
      try {
        follow();
      } catch (JedisException e) {
        System.err.println("again in a second: " + e.getMessage());
        TimeUnit.SECONDS.sleep(1);
      }
    }
  }

  /** Handles all there is, and then what comes. Ends with an exception. */
  private void follow() throws SQLException {
    String partitions = redis.get("tally:messages:partitions");
    Map<String, StreamEntryID> streams = new TreeMap<>();
    for (int p = worker; partitions != null && p < Integer.parseInt(partitions); p += workers) {
      streams.put("tally:messages:{" + p + "}", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY);
    }
    if (streams.isEmpty()) {
      throw new JedisException("no partition for worker " + worker);
    }
    for (String stream : streams.keySet()) {
      takeOver(stream);
    }
    System.err.println("worker " + worker + " reads " + streams.size() + " partitions");
    XReadGroupParams waiting = new XReadGroupParams().count(COUNT).block(2_000);
    while (true) {
      var read = redis.xreadGroup(GROUP, "worker-" + worker, waiting, streams);
      for (var entries : read == null ? List.<Map.Entry<String, List<StreamEntry>>>of() : read) {
        handle(entries.getKey(), entries.getValue());
      }
    }
  }

  /** Handles what was read and not acknowledged, by this worker or by one before it. */
  private void takeOver(String stream) throws SQLException {
    try {
      // From the first entry on, so that nothing is left out that was there before the group.
      redis.xgroupCreate(stream, GROUP, BEGINNING, true);
    } catch (JedisDataException e) {
      if (!String.valueOf(e.getMessage()).startsWith("BUSYGROUP")) {
        throw e;
      }
    }
    StreamEntryID start = BEGINNING;
    do {
      var claimed =
          redis.xautoclaim(
              stream, GROUP, "worker-" + worker, 0, start, new XAutoClaimParams().count(COUNT));
      // Redis 6.2 has nothing in place of an entry that was trimmed.
      handle(stream, claimed.getValue().stream().filter(e -> e != null).toList());
      start = claimed.getKey();
    } while (!start.equals(BEGINNING));
  }

  /** Acts on entries in one transaction, and acknowledges them after it. */
  private void handle(String stream, List<StreamEntry> entries) throws SQLException {
    List<StreamEntryID> ids = new ArrayList<>();
    for (StreamEntry each : entries) {
      Map<String, String> entry = each.getFields();
      ids.add(each.getID());
      if (entry.containsKey("gap")) {
        System.err.printf("%s: %s are not in the log%n", entry.get("session"), entry.get("gap"));
        continue;
      }
      Message message = Message.of(entry);
      if (isNew(message)) {
        act(message);
      }
    }
    database.commit();
    if (!ids.isEmpty()) {
      redis.xack(stream, GROUP, ids.toArray(StreamEntryID[]::new));
    }
  }

  private boolean isNew(Message message) throws SQLException {
    int added =
        update(
            "INSERT INTO handled VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            message.session,
            message.began,
            message.n);
    return added == 1;
  }

  private int update(String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = database.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      return statement.executeUpdate();
    }
  }
}
