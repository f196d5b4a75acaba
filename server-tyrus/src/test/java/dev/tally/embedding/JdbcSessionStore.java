package dev.tally.embedding;

import dev.tally.chat.protocol.SessionId;
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

/**
 * Sessions in a relational database: a store of one's own. One row a session; a row whose time is
 * over counts as none, so a job may delete such rows whenever it likes.
 */
final class JdbcSessionStore implements SessionStore {

  static final String TABLE =
      """
      CREATE TABLE tally_session (
        id CHAR(36) PRIMARY KEY,
        epoch BIGINT NOT NULL,
        messages BIGINT NOT NULL,
        left_millis BIGINT NOT NULL,
        expires_millis BIGINT NOT NULL
      )""";

  private static final String NEW_ROW = "INSERT INTO tally_session VALUES (?, 0, 0, 0, 0)";

  private static final String LOCK_ROW =
      "SELECT epoch, messages, left_millis, expires_millis FROM tally_session WHERE id = ? FOR UPDATE";

  private static final String OWN_ROW =
      """
      UPDATE tally_session SET epoch = ?, messages = ?, left_millis = 0, expires_millis = ?
      WHERE id = ?""";

  /** A repeat that comes late must not take back what a later commit of the lease stored. */
  private static final String STORE_COUNT =
      """
      UPDATE tally_session SET
        messages = CASE WHEN epoch = ? AND messages > ? THEN messages ELSE ? END,
        epoch = ?, left_millis = ?,
        expires_millis = CASE WHEN epoch = ? AND messages > 0 THEN ? ELSE ? END
      WHERE id = ? AND (epoch <= ? OR expires_millis <= ?)""";

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
  public Lease open(SessionId id) {
    return inTransaction(
        connection -> {
          addRow(connection, id);
          return own(connection, id);
        });
  }

  private Lease own(Connection connection, SessionId id) throws SQLException {
    long now = clock.millis();
    try (PreparedStatement lock = prepare(connection, LOCK_ROW, id.text());
        ResultSet row = lock.executeQuery()) {
      row.next();
      boolean resumed = row.getLong("expires_millis") > now;
      long left = resumed ? row.getLong("left_millis") : 0;
      long count = resumed ? row.getLong("messages") : 0;
      long epoch = Math.max(row.getLong("epoch") + 1, now);
      long expires = now + (count == 0 ? unusedTtlMillis : ttlMillis);
      update(connection, OWN_ROW, epoch, count, expires, id.text());
      Optional<Duration> gap =
          left == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(Math.max(0, now - left)));
      return new Lease(id, epoch, count, resumed, gap);
    }
  }

  @Override
  public CommitResult commit(Commit commit) {
    return inTransaction(
        connection -> {
          boolean stored = store(connection, commit);
          if (!stored && addRow(connection, commit.lease().sessionId())) {
            stored = store(connection, commit);
          }
          return stored ? CommitResult.STORED : CommitResult.SUPERSEDED;
        });
  }

  private boolean store(Connection connection, Commit commit) throws SQLException {
    long now = clock.millis();
    long epoch = commit.lease().epoch();
    long count = commit.count();
    String id = commit.lease().sessionId().text();
    long left = commit.last() ? now : 0;
    long expires = now + ttlMillis;
    long expiresIfUnused = commit.last() && count == 0 ? now + unusedTtlMillis : expires;
    return update(
        connection,
        STORE_COUNT,
        epoch,
        count,
        count,
        epoch,
        left,
        epoch,
        expires,
        expiresIfUnused,
        id,
        epoch,
        now);
  }

  /** Whether the row was not there before; a savepoint, because a refusal ends a transaction. */
  private static boolean addRow(Connection connection, SessionId id) throws SQLException {
    var before = connection.setSavepoint();
    try {
      return update(connection, NEW_ROW, id.text());
    } catch (SQLIntegrityConstraintViolationException e) {
      connection.rollback(before);
      return false;
    }
  }

  private static boolean update(Connection connection, String sql, Object... values)
      throws SQLException {
    try (PreparedStatement statement = prepare(connection, sql, values)) {
      return statement.executeUpdate() == 1;
    }
  }

  private static PreparedStatement prepare(Connection connection, String sql, Object... values)
      throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < values.length; i++) {
      statement.setObject(i + 1, values[i]);
    }
    return statement;
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
