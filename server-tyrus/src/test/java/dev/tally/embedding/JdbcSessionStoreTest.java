package dev.tally.embedding;

import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.testing.MutableClock;
import dev.tally.chat.testing.SessionStoreContract;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterEach;

/** The example store, held to the rules of every store. */
class JdbcSessionStoreTest extends SessionStoreContract {

  private final MutableClock clock = new MutableClock();
  private final JdbcConnectionPool database =
      JdbcConnectionPool.create("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1", "", "");

  @Override
  protected SessionStore newStore(Duration ttl, Duration unusedTtl) {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(JdbcSessionStore.TABLE);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new JdbcSessionStore(database, ttl, unusedTtl, clock);
  }

  @Override
  protected void elapse(Duration duration) {
    clock.advance(duration);
  }

  @AfterEach
  void closeDatabase() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SHUTDOWN");
    }
    database.dispose();
  }
}
