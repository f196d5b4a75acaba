package dev.tally.chat.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.testing.LogEntry.Gap;
import dev.tally.chat.testing.LogEntry.Message;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The rules of a {@link SessionStore} that {@linkplain SessionStore#keepsMessages keeps messages},
 * each as a test, besides those of every store.
 */
public abstract class MessageLogContract extends SessionStoreContract {

  /** As many batches of random commits. */
  private static final int ROUNDS = 60;

  private SessionStore store;

  /** For subclasses. */
  protected MessageLogContract() {}

  /**
   * Reads the log of the store that was made last.
   *
   * @param id the session
   * @return what the log has of this session, oldest first
   */
  protected abstract List<LogEntry> log(SessionId id);

  @BeforeEach
  void useStore() {
    store = store();
  }

  @Test
  void storeAsksForMessages() {
    assertThat(store.keepsMessages()).isTrue();
  }

  @Test
  void messagesAreInTheLogWithTheirNumbers() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);

    commit(lease, 0, "one");
    commit(lease, 1, "two", "");
    commit(lease, 3, "four \u0000 \r\n { } \ud83d\ude80 \u20ac");

    assertThat(messages(id))
        .containsExactly("1 one", "2 two", "3 ", "4 four \u0000 \r\n { } \ud83d\ude80 \u20ac");
    assertThat(log(id)).extracting(LogEntry::began).containsOnly(log(id).get(0).began());
  }

  @Test
  void sessionGoesOnInTheLogWhenItIsResumed() {
    SessionId id = SessionId.random();
    commit(store.open(id), 0, "one", "two");

    commit(store.open(id), 2, "three");

    assertThat(messages(id)).containsExactly("1 one", "2 two", "3 three");
    assertThat(log(id)).extracting(LogEntry::began).containsOnly(log(id).get(0).began());
  }

  @Test
  void commitWithoutNewMessagesAddsNothing() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 0);
    commit(lease, 0, "one");

    commit(lease, 1);
    store.commit(new Commit(lease, 1, true));

    assertThat(messages(id)).containsExactly("1 one");
  }

  @Test
  void repeatedCommitAddsNothing() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 0, "one", "two");

    assertThat(commit(lease, 0, "one", "two")).isEqualTo(CommitResult.STORED);

    assertThat(messages(id)).containsExactly("1 one", "2 two");
  }

  @Test
  void commitThatOverlapsTheOneBeforeAddsWhatIsNew() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 0, "one", "two");

    commit(lease, 0, "one", "two", "three");
    commit(lease, 1, "two", "three", "four");

    assertThat(messages(id)).containsExactly("1 one", "2 two", "3 three", "4 four");
  }

  @Test
  void repeatThatComesLateAddsNothing() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 0, "one", "two", "three");

    commit(lease, 0, "one");

    assertThat(messages(id)).containsExactly("1 one", "2 two", "3 three");
    commit(lease, 3, "four");
    assertThat(messages(id)).containsExactly("1 one", "2 two", "3 three", "4 four");
  }

  @Test
  void supersededCommitAddsNothing() {
    SessionId id = SessionId.random();
    Lease old = store.open(id);
    Lease owner = store.open(id);

    assertThat(commit(old, 0, "of the old lease")).isEqualTo(CommitResult.SUPERSEDED);
    commit(owner, 0, "one");

    assertThat(messages(id)).containsExactly("1 one");
  }

  @Test
  void messagesThatTheStoreWasNotGivenAreAGap() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 0, "one");

    commit(lease, 5, "six");

    assertThat(messages(id)).containsExactly("1 one", "gap 2 to 5", "6 six");
  }

  @Test
  void messagesThatWereCountedWhileTheStoreKeptNoneAreAGap() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 0, "one");
    store.commit(new Commit(store.open(id), 4, false));

    commit(store.open(id), 4, "five");

    assertThat(messages(id)).containsExactly("1 one", "gap 2 to 4", "5 five");
  }

  @Test
  void gapIsSaidEvenIfNoMessageFollows() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);

    store.commit(new Commit(lease, 3, true));

    assertThat(messages(id)).containsExactly("gap 1 to 3");
  }

  @Test
  void lostSessionGoesOnBehindAGap() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 0, "one", "two");
    List<LogEntry> before = log(id);
    forgetSessions();

    commit(lease, 2, "three");

    // Without the log too: a store that lost everything has lost the entries before.
    List<LogEntry> after = log(id).stream().filter(entry -> !before.contains(entry)).toList();
    assertThat(texts(after)).containsExactly("gap 1 to 2", "3 three");
  }

  @Test
  void sessionThatExpiredBeginsAgainInTheLog() {
    SessionId id = SessionId.random();
    commit(store.open(id), 0, "one", "two");
    elapse(TTL.plusSeconds(1));

    commit(store.open(id), 0, "another one");

    assertThat(messages(id)).containsExactly("1 one", "2 two", "1 another one");
    assertThat(log(id).get(2).began()).isNotEqualTo(log(id).get(0).began());
  }

  @Test
  void batchAddsTheMessagesOfEachSession() {
    List<Lease> leases = Stream.generate(SessionId::random).limit(200).map(store::open).toList();
    List<Commit> commits = new ArrayList<>();
    for (int i = 0; i < leases.size(); i++) {
      if (i % 3 == 0) {
        store.open(leases.get(i).sessionId());
      }
      commits.add(
          new Commit(
              leases.get(i),
              i % 5,
              false,
              LongStream.rangeClosed(1, i % 5).mapToObj(n -> utf8("of " + n)).toList()));
    }

    store.commitAll(commits);

    for (int i = 0; i < leases.size(); i++) {
      assertThat(messages(leases.get(i).sessionId()))
          .containsExactlyElementsOf(
              LongStream.rangeClosed(1, i % 3 == 0 ? 0 : i % 5)
                  .mapToObj(n -> n + " of " + n)
                  .toList());
    }
  }

  @Test
  void largeMessagesAreKeptWhole() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    String large = "0123456789".repeat(100_000);

    store.commitAll(List.of(new Commit(lease, 2, false, List.of(utf8(large), utf8(large + "!")))));

    assertThat(messages(id)).containsExactly("1 " + large, "2 " + large + "!");
  }

  @Test
  void randomCommitsOfOneOwnerAddEachMessageOnce() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    long stored = 0;
    long sent = 0;
    List<String> expected = new ArrayList<>();

    for (int round = 0; round < ROUNDS; round++) {
      for (int i = random.nextInt(4); i > 0; i--) {
        expected.add(++sent + " m" + sent);
      }
      Commit commit = upTo(lease, stored, sent);
      store.commitAll(List.of(commit));
      if (random.nextInt(3) > 0) {
        // The answer came back. Otherwise the same messages are sent again.
        stored = sent;
      }
      if (random.nextInt(8) == 0) {
        Lease old = lease;
        lease = store.open(id);
        stored = lease.count();
        store.commit(upTo(old, sent, sent + 2));
      }
    }

    assertThat(messages(id)).as("seed %d", seed).isEqualTo(expected);
  }

  private static Commit upTo(Lease lease, long before, long count) {
    return new Commit(
        lease,
        count,
        false,
        LongStream.rangeClosed(before + 1, count).mapToObj(n -> utf8("m" + n)).toList());
  }

  private CommitResult commit(Lease lease, long before, String... texts) {
    return store.commit(
        new Commit(
            lease,
            before + texts.length,
            false,
            Stream.of(texts).map(MessageLogContract::utf8).toList()));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private List<String> messages(SessionId id) {
    return texts(log(id));
  }

  private static List<String> texts(List<LogEntry> entries) {
    return entries.stream().map(MessageLogContract::text).toList();
  }

  private static String text(LogEntry entry) {
    if (entry instanceof Message message) {
      return message.n() + " " + message.text();
    }
    Gap gap = (Gap) entry;
    return "gap " + gap.from() + " to " + gap.to();
  }
}
