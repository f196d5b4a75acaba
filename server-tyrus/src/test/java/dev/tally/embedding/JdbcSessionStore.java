package dev.tally.embedding;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Sessions and their messages in a relational database: a store of one's own. One row a session; a
 * row whose time is over counts as none, so a job may delete such rows at any time. One row a
 * message, in the same transaction as the count: count and messages are stored both or neither.
 */
final class JdbcSessionStore implements SessionStore {

  /** A text may have any character. Where TEXT refuses U+0000, as in PostgreSQL, take bytes. */
  static final String TABLES =
      """
      CREATE TABLE tally_session (
        id CHAR(36) PRIMARY KEY,
        epoch BIGINT NOT NULL,
        messages BIGINT NOT NULL,
        began BIGINT NOT NULL,
        left_millis BIGINT NOT NULL,
        expires_millis BIGINT NOT NULL
      );
      CREATE TABLE tally_message (
        session CHAR(36),
        began BIGINT,
        n BIGINT,
        gap_to BIGINT,
        text TEXT,
        at_millis BIGINT NOT NULL,
        subject VARCHAR(1024),
        PRIMARY KEY (session, began, n)
      )""";

  private static final String NEW_ROW = "INSERT INTO tally_session VALUES (?, 0, 0, 0, 0, 0)";

  private static final String LOCK_ROW =
      """
      SELECT epoch, messages, began, left_millis, expires_millis FROM tally_session
      WHERE id = ? FOR UPDATE""";

  private static final String STORE_ROW =
      """
      UPDATE tally_session
      SET epoch = ?, messages = ?, began = ?, left_millis = ?, expires_millis = ?
      WHERE id = ?""";

  private static final String NEWEST_BEGINNING =
      "SELECT COALESCE(MAX(began), 0) FROM tally_message WHERE session = ?";

  private static final String ADD_MESSAGE =
      """
      INSERT INTO tally_message (session, began, n, text, at_millis, subject)
      VALUES (?, ?, ?, ?, ?, ?)""";

  private static final String ADD_GAP =
      "INSERT INTO tally_message (session, began, n, gap_to, at_millis) VALUES (?, ?, ?, ?, ?)";

  private final DataSource database;
  private final long ttlMillis;
  private final long unusedTtlMillis;
  private final InstantSource clock;
  private volatile boolean closed;

  JdbcSessionStore(DataSource database, Duration ttl, Duration unusedTtl, InstantSource clock) {
    this.database = database;
    this.ttlMillis = ttl.toMillis();
    this.unusedTtlMillis = Math.min(ttlMillis, unusedTtl.toMillis());
    this.clock = clock;
  }

  private interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  @Override
  public boolean keepsMessages() {
    return true;
  }

  @Override
  public Lease open(SessionId id) {
    return inTransaction(
        connection -> {
          long now = clock.millis();
          Row row = lockedRow(connection, id);
          boolean resumed = row.expires > now;
          long count = resumed ? row.count : 0;
          long epoch = Math.max(row.epoch + 1, now);
          long began = resumed ? row.began : newBeginning(connection, id, now);
          long expires = now + (count == 0 ? unusedTtlMillis : ttlMillis);
          update(connection, STORE_ROW, epoch, count, began, 0, expires, id.text());
          Optional<Duration> gap =
              resumed && row.left > 0
                  ? Optional.of(Duration.ofMillis(Math.max(0, now - row.left)))
                  : Optional.empty();
          return new Lease(id, epoch, count, resumed, gap);
        });
  }

  @Override
  public CommitResult commit(Commit commit) {
    return inTransaction(
        connection -> {
          long now = clock.millis();
          SessionId id = commit.lease().sessionId();
          long epoch = commit.lease().epoch();
          Row row = lockedRow(connection, id);
          boolean known = row.expires > now;
          if (known && row.epoch > epoch) {
            return CommitResult.SUPERSEDED;
          }
          boolean own = known && row.epoch == epoch;
          // Otherwise the database lost this session, or went back and then took counts of an older
          // lease. The numbers begin again, so that no number is there twice.
          boolean goesOn = own || (known && row.count <= commit.before());
          long began = goesOn ? row.began : newBeginning(connection, id, now);
          append(connection, commit, began, goesOn ? row.count : 0, now);
          // A repeat that comes late must not take back what a later commit of the lease stored.
          long count = own ? Math.max(row.count, commit.count()) : commit.count();
          long left = commit.last() ? now : 0;
          long expires = now + (commit.last() && count == 0 ? unusedTtlMillis : ttlMillis);
          update(connection, STORE_ROW, epoch, count, began, left, expires, id.text());
          return CommitResult.STORED;
        });
  }

  private record Row(long epoch, long count, long began, long left, long expires) {}

  /** No other transaction can read or change the row before this one ends. */
  private static Row lockedRow(Connection connection, SessionId id) throws SQLException {
    Optional<Row> row = lockRow(connection, id);
    if (row.isEmpty()) {
      addRow(connection, id);
      row = lockRow(connection, id);
    }
    return row.orElseThrow(() -> new SQLException("a row was deleted while it was made"));
  }

  private static Optional<Row> lockRow(Connection connection, SessionId id) throws SQLException {
    try (PreparedStatement lock = prepare(connection, LOCK_ROW, id.text());
        ResultSet row = lock.executeQuery()) {
      return row.next()
          ? Optional.of(
              new Row(
                  row.getLong("epoch"),
                  row.getLong("messages"),
                  row.getLong("began"),
                  row.getLong("left_millis"),
                  row.getLong("expires_millis")))
          : Optional.empty();
    }
  }

  /** Tells the messages from earlier ones with the same numbers, also if the clock was set back. */
  private static long newBeginning(Connection connection, SessionId id, long now)
      throws SQLException {
    try (PreparedStatement newest = prepare(connection, NEWEST_BEGINNING, id.text());
        ResultSet result = newest.executeQuery()) {
      result.next();
      return Math.max(now, result.getLong(1) + 1);
    }
  }

  /** Adds what is not there yet: first the gap, if there is one, then the messages. */
  private static void append(Connection connection, Commit commit, long began, long has, long now)
      throws SQLException {
    String id = commit.lease().sessionId().text();
    long before = commit.before();
    if (has < before) {
      update(connection, ADD_GAP, id, began, has + 1, before, now);
    }
    try (PreparedStatement add = connection.prepareStatement(ADD_MESSAGE)) {
      for (long n = Math.max(has, before) + 1; n <= commit.count(); n++) {
        byte[] text = commit.messages().get((int) (n - before - 1));
        set(add, id, began, n, new String(text, UTF_8), now, subject(commit));
        add.addBatch();
      }
      add.executeBatch();
    }
  }

  private static @Nullable String subject(Commit commit) {
    return commit.subject().map(Subject::value).orElse(null);
  }

  /** With a savepoint, because a refusal ends a transaction. */
  private static void addRow(Connection connection, SessionId id) throws SQLException {
    var before = connection.setSavepoint();
    try {
      update(connection, NEW_ROW, id.text());
    } catch (SQLIntegrityConstraintViolationException e) {
      // Another server was faster.
      connection.rollback(before);
    }
  }

  private static void update(Connection connection, String sql, Object... values)
      throws SQLException {
    try (PreparedStatement statement = prepare(connection, sql, values)) {
      statement.executeUpdate();
    }
  }

  private static PreparedStatement prepare(Connection connection, String sql, Object... values)
      throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    set(statement, values);
    return statement;
  }

  private static void set(PreparedStatement statement, @Nullable Object... values)
      throws SQLException {
    for (int i = 0; i < values.length; i++) {
      statement.setObject(i + 1, values[i]);
    }
  }

  @Override
  public void checkHealth() {
    inTransaction(connection -> connection.isValid(1));
  }

  @Override
  public void close() {
    closed = true;
  }

  private <T> T inTransaction(Work<T> work) {
    if (closed) {
      throw new StoreUnavailableException("the session store is closed");
    }
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try {
        T result = work.on(connection);
        connection.commit();
        return result;
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      }
    } catch (SQLException e) {
      throw new StoreUnavailableException("the database does not answer: " + e.getMessage(), e);
    }
  }
}
