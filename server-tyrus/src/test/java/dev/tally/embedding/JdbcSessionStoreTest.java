package dev.tally.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.testing.LogEntry;
import dev.tally.chat.testing.MessageLogContract;
import dev.tally.chat.testing.MutableClock;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The example store, held to the rules of every store that keeps messages. */
class JdbcSessionStoreTest extends MessageLogContract {

  private final MutableClock clock = new MutableClock();
  private final JdbcConnectionPool database =
      JdbcConnectionPool.create("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1", "", "");

  @Override
  protected SessionStore newStore(Duration ttl, Duration unusedTtl) {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(JdbcSessionStore.TABLES);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new JdbcSessionStore(database, ttl, unusedTtl, clock);
  }

  @Override
  protected void elapse(Duration duration) {
    clock.advance(duration);
  }

  @Override
  protected List<LogEntry> log(SessionId id) {
    try (Connection connection = database.getConnection();
        PreparedStatement select =
            connection.prepareStatement(
                "SELECT * FROM tally_message WHERE session = ? ORDER BY began, n")) {
      select.setString(1, id.text());
      try (ResultSet row = select.executeQuery()) {
        List<LogEntry> entries = new ArrayList<>();
        while (row.next()) {
          entries.add(entry(row));
        }
        return entries;
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static LogEntry entry(ResultSet row) throws SQLException {
    String text = row.getString("text");
    return text == null
        ? new LogEntry.Gap(row.getString("began"), row.getLong("n"), row.getLong("gap_to"))
        : new LogEntry.Message(row.getString("began"), row.getLong("n"), text);
  }

  @Test
  void messageHasTheSubjectOfItsClient() throws SQLException {
    SessionStore store = anotherStore();
    Lease lease = store.open(SessionId.random());
    store.commit(
        new Commit(
            lease,
            1,
            false,
            List.of("hello".getBytes(StandardCharsets.UTF_8)),
            Optional.of(new Subject("ada"))));

    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT text, subject FROM tally_message")) {
      assertThat(row.next()).isTrue();
      assertThat(row.getString("text")).isEqualTo("hello");
      assertThat(row.getString("subject")).isEqualTo("ada");
    }
  }

  @Test
  void anOlderLeaseThatGotInWhileTheDatabaseHadGoneBackBeginsTheNumbersAgain() throws SQLException {
    SessionStore store = anotherStore();
    SessionId id = SessionId.random();
    Lease old = store.open(id);
    clock.advance(Duration.ofSeconds(1));
    Lease owner = store.open(id);
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      // As a backup of the time before the owner's lease.
      statement.execute("UPDATE tally_session SET epoch = " + old.epoch());
    }
    store.commit(message(old, "of the old lease"));

    store.commit(message(owner, "of the owner"));

    assertThat(log(id)).extracting(LogEntry::began).doesNotHaveDuplicates();
    assertThat(log(id))
        .extracting(entry -> entry instanceof LogEntry.Message m ? m.n() + " " + m.text() : "gap")
        .containsExactly("1 of the old lease", "1 of the owner");
  }

  private SessionStore anotherStore() {
    return new JdbcSessionStore(database, Duration.ofHours(1), Duration.ofMinutes(1), clock);
  }

  private static Commit message(Lease lease, String text) {
    return new Commit(lease, 1, false, List.of(text.getBytes(StandardCharsets.UTF_8)));
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
