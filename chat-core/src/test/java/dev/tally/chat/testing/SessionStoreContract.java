package dev.tally.chat.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The rules of {@link SessionStore}, each as a test. A test of your own store extends this class,
 * says how to make one and how its time passes, and has every rule checked.
 */
public abstract class SessionStoreContract {

  /** How long the stores under test keep a session. */
  protected static final Duration TTL = Duration.ofMinutes(10);

  /** How long they keep one without a counted message. */
  protected static final Duration UNUSED_TTL = Duration.ofMinutes(2);

  private static final int MANY = 200;

  private SessionStore store;

  /** For subclasses. */
  protected SessionStoreContract() {}

  /**
   * Makes a store without sessions; called once before each test.
   *
   * @param ttl how long it keeps a session
   * @param unusedTtl how long it keeps one without a counted message
   * @return the store; the contract closes it
   */
  protected abstract SessionStore newStore(Duration ttl, Duration unusedTtl);

  /**
   * Makes the store believe that time has passed, at once.
   *
   * @param duration how much
   */
  protected abstract void elapse(Duration duration);

  /** Makes the store lose every session, as an empty replacement would; by default by their age. */
  protected void forgetSessions() {
    elapse(TTL.plusSeconds(1));
  }

  /** The store under test; made before each test. */
  SessionStore store() {
    return store;
  }

  @BeforeEach
  void makeStore() {
    store = newStore(TTL, UNUSED_TTL);
  }

  @AfterEach
  void closeStore() {
    store.close();
  }

  @Test
  void newSessionBeginsAtZero() {
    SessionId id = SessionId.random();

    Lease lease = store.open(id);

    assertThat(lease.sessionId()).isEqualTo(id);
    assertThat(lease.count()).isZero();
    assertThat(lease.resumed()).isFalse();
    assertThat(lease.awayFor()).isEmpty();
    assertThat(lease.epoch()).isPositive();
  }

  @Test
  void openedSessionIsResumedEvenIfNothingWasCounted() {
    SessionId id = SessionId.random();
    store.open(id);

    Lease lease = store.open(id);

    assertThat(lease.resumed()).isTrue();
    assertThat(lease.count()).isZero();
  }

  @Test
  void resumedSessionGoesOnWithItsCount() {
    SessionId id = SessionId.random();
    commit(store.open(id), 1L << 40);

    Lease lease = store.open(id);

    assertThat(lease.resumed()).isTrue();
    assertThat(lease.count()).isEqualTo(1L << 40);
  }

  @Test
  void sessionsDoNotSeeEachOther() {
    SessionId one = SessionId.random();
    SessionId other = SessionId.random();
    Lease lease = store.open(one);
    commit(store.open(other), 7);

    assertThat(commit(lease, 3)).isEqualTo(CommitResult.STORED);
    assertThat(store.open(one).count()).isEqualTo(3);
    assertThat(store.open(other).count()).isEqualTo(7);
  }

  @Test
  void everyLeaseHasAHigherEpochThanTheOneBefore() {
    SessionId id = SessionId.random();

    List<Long> epochs = Stream.generate(() -> store.open(id).epoch()).limit(20).toList();

    assertThat(epochs).doesNotHaveDuplicates().isSorted();
  }

  @Test
  void supersededLeaseChangesNothing() {
    SessionId id = SessionId.random();
    Lease old = store.open(id);
    Lease owner = store.open(id);
    commit(owner, 5);

    assertThat(commit(old, 9)).isEqualTo(CommitResult.SUPERSEDED);
    assertThat(store.commit(new Commit(old, 9, true))).isEqualTo(CommitResult.SUPERSEDED);

    assertThat(commit(owner, 6)).isEqualTo(CommitResult.STORED);
    Lease next = store.open(id);
    assertThat(next.count()).isEqualTo(6);
    assertThat(next.awayFor()).isEmpty();
  }

  @Test
  void repeatedCommitChangesNothing() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);

    assertThat(commit(lease, 4)).isEqualTo(CommitResult.STORED);
    assertThat(commit(lease, 4)).isEqualTo(CommitResult.STORED);

    assertThat(store.open(id).count()).isEqualTo(4);
  }

  @Test
  void repeatThatComesLateDoesNotTakeCountsBack() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 9);

    assertThat(commit(lease, 4)).isEqualTo(CommitResult.STORED);

    assertThat(store.open(id).count()).isEqualTo(9);
  }

  @Test
  void lostSessionComesBackWithItsOwnersCommit() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 41);
    forgetSessions();

    assertThat(commit(lease, 42)).isEqualTo(CommitResult.STORED);

    Lease next = store.open(id);
    assertThat(next.resumed()).isTrue();
    assertThat(next.count()).isEqualTo(42);
    assertThat(next.epoch()).isGreaterThan(lease.epoch());
    assertThat(commit(lease, 43)).isEqualTo(CommitResult.SUPERSEDED);
  }

  @Test
  void lostSessionMayComeBackWithItsOwnersLastCommit() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    forgetSessions();

    store.commit(new Commit(lease, 42, true));

    Lease next = store.open(id);
    assertThat(next.count()).isEqualTo(42);
    assertThat(next.awayFor()).isPresent();
  }

  @Test
  void sessionEndsWithItsTimeToLive() {
    SessionId id = SessionId.random();
    commit(store.open(id), 5);

    elapse(TTL.plusSeconds(1));

    Lease lease = store.open(id);
    assertThat(lease.resumed()).isFalse();
    assertThat(lease.count()).isZero();
    assertThat(lease.awayFor()).isEmpty();
  }

  @Test
  void openRenewsTheTimeToLive() {
    SessionId id = SessionId.random();
    commit(store.open(id), 5);
    elapse(TTL.multipliedBy(2).dividedBy(3));
    store.open(id);

    elapse(TTL.multipliedBy(2).dividedBy(3));

    assertThat(store.open(id).count()).isEqualTo(5);
  }

  @Test
  void commitRenewsTheTimeToLive() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    commit(lease, 5);
    elapse(TTL.multipliedBy(2).dividedBy(3));
    commit(lease, 5);

    elapse(TTL.multipliedBy(2).dividedBy(3));

    assertThat(store.open(id).count()).isEqualTo(5);
  }

  @Test
  void sessionWithoutACountedMessageEndsSoonAfterItsConnection() {
    SessionId left = SessionId.random();
    SessionId neverHeardOfAgain = SessionId.random();
    Lease lease = store.open(left);
    commit(lease, 0);
    store.commit(new Commit(lease, 0, true));
    store.open(neverHeardOfAgain);

    elapse(UNUSED_TTL.minusSeconds(30));
    assertThat(store.open(left).resumed()).isTrue();
    elapse(UNUSED_TTL.plusSeconds(1));

    assertThat(store.open(left).resumed()).isFalse();
    assertThat(store.open(neverHeardOfAgain).resumed()).isFalse();
  }

  @Test
  void sessionWithoutACountedMessageStaysWhileItsOwnerCommits() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    elapse(UNUSED_TTL.minusSeconds(30));
    commit(lease, 0);

    elapse(TTL.multipliedBy(2).dividedBy(3));

    assertThat(store.open(id).resumed()).isTrue();
  }

  @Test
  void sessionWithACountedMessageStaysWhenItsOwnerLeaves() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    store.commit(new Commit(lease, 1, true));
    // A repeat that comes late.
    store.commit(new Commit(lease, 0, true));

    elapse(TTL.multipliedBy(2).dividedBy(3));
    assertThat(store.open(id).count()).isEqualTo(1);
    elapse(TTL.multipliedBy(2).dividedBy(3));

    assertThat(store.open(id).count()).isEqualTo(1);
  }

  @Test
  void lastCommitKeepsTheTimeForTheNextLease() {
    SessionId id = SessionId.random();
    store.commit(new Commit(store.open(id), 3, true));
    elapse(Duration.ofSeconds(5));

    Lease lease = store.open(id);

    assertThat(lease.count()).isEqualTo(3);
    assertThat(lease.awayFor())
        .hasValueSatisfying(
            gap -> assertThat(gap).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(65)));
    assertThat(store.open(id).awayFor()).isEmpty();
  }

  @Test
  void commitThatIsNotTheLastForgetsThatTheOwnerLeft() {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);
    store.commit(new Commit(lease, 3, true));

    commit(lease, 4);

    assertThat(store.open(id).awayFor()).isEmpty();
  }

  @Test
  void opensOfABatchAreAnsweredInOrder() {
    List<SessionId> ids = Stream.generate(SessionId::random).limit(MANY).toList();
    for (int i = 0; i < MANY; i += 2) {
      commit(store.open(ids.get(i)), i + 1);
    }

    List<Optional<Lease>> leases = store.openAll(ids);

    assertThat(leases).hasSize(MANY).allMatch(Optional::isPresent);
    for (int i = 0; i < MANY; i++) {
      Lease lease = leases.get(i).orElseThrow();
      assertThat(lease.sessionId()).isEqualTo(ids.get(i));
      assertThat(lease.resumed()).isEqualTo(i % 2 == 0);
      assertThat(lease.count()).isEqualTo(i % 2 == 0 ? i + 1 : 0);
    }
  }

  @Test
  void lastOfSeveralOpensOfOneSessionInABatchOwnsIt() {
    SessionId id = SessionId.random();

    List<Lease> leases =
        store.openAll(List.of(id, SessionId.random(), id)).stream()
            .map(Optional::orElseThrow)
            .toList();

    assertThat(leases.get(2).epoch()).isGreaterThan(leases.get(0).epoch());
    assertThat(commit(leases.get(0), 1)).isEqualTo(CommitResult.SUPERSEDED);
    assertThat(commit(leases.get(2), 1)).isEqualTo(CommitResult.STORED);
  }

  @Test
  void commitsOfABatchAreAnsweredInOrder() {
    List<Commit> commits = new ArrayList<>();
    List<CommitResult> expected = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      Lease lease = store.open(SessionId.random());
      boolean superseded = i % 3 == 0;
      if (superseded) {
        store.open(lease.sessionId());
      }
      commits.add(new Commit(lease, i + 1, false));
      expected.add(superseded ? CommitResult.SUPERSEDED : CommitResult.STORED);
    }

    assertThat(store.commitAll(commits)).isEqualTo(expected);

    List<SessionId> ids = commits.stream().map(commit -> commit.lease().sessionId()).toList();
    List<Optional<Lease>> leases = store.openAll(ids);
    for (int i = 0; i < MANY; i++) {
      assertThat(leases.get(i).orElseThrow().count()).isEqualTo(i % 3 == 0 ? 0 : i + 1);
    }
  }

  @Test
  void ofSeveralLeasesOfOneSessionInABatchTheNewestIsStored() {
    SessionId id = SessionId.random();
    Lease old = store.open(id);
    Lease owner = store.open(id);

    List<Commit> commits =
        List.of(
            new Commit(old, 7, true),
            new Commit(store.open(SessionId.random()), 1, false),
            new Commit(owner, 5, false));
    assertThat(store.commitAll(commits))
        .containsExactly(CommitResult.SUPERSEDED, CommitResult.STORED, CommitResult.STORED);
    List<Commit> otherWayRound = List.of(new Commit(owner, 6, false), new Commit(old, 8, false));
    assertThat(store.commitAll(otherWayRound))
        .containsExactly(CommitResult.STORED, CommitResult.SUPERSEDED);

    Lease next = store.open(id);
    assertThat(next.count()).isEqualTo(6);
    assertThat(next.awayFor()).isEmpty();
  }

  @Test
  void emptyBatchesHaveEmptyAnswers() {
    assertThat(store.openAll(List.of())).isEmpty();
    assertThat(store.commitAll(List.of())).isEmpty();
  }

  @Test
  void ofManyOpensAtTheSameTimeOneOwnsTheSession() throws Exception {
    SessionId id = SessionId.random();

    List<Lease> leases = new ArrayList<>(atTheSameTime(64, i -> store.open(id)));

    assertThat(leases).extracting(Lease::epoch).doesNotHaveDuplicates();
    leases.sort(Comparator.comparingLong(Lease::epoch));
    Lease owner = leases.remove(leases.size() - 1);
    assertThat(leases).allMatch(lease -> commit(lease, 1) == CommitResult.SUPERSEDED);
    assertThat(commit(owner, 1)).isEqualTo(CommitResult.STORED);
  }

  @Test
  void ofManyCommitsAtTheSameTimeTheHighestStays() throws Exception {
    SessionId id = SessionId.random();
    Lease lease = store.open(id);

    List<CommitResult> results = atTheSameTime(64, i -> commit(lease, i + 1));

    assertThat(results).containsOnly(CommitResult.STORED);
    assertThat(store.open(id).count()).isEqualTo(64);
  }

  @Test
  void openWithinABatchFencesCommitsThatRunBeside() throws Exception {
    List<SessionId> ids = Stream.generate(SessionId::random).limit(MANY).toList();
    List<Lease> old = store.openAll(ids).stream().map(Optional::orElseThrow).toList();
    List<Commit> commits = old.stream().map(lease -> new Commit(lease, 1, false)).toList();

    List<List<?>> answers =
        atTheSameTime(2, i -> i == 0 ? store.commitAll(commits) : store.openAll(ids));

    List<Optional<Lease>> owners = store.openAll(ids);
    for (int i = 0; i < MANY; i++) {
      // Either the commit came first and was seen, or it came second and changed nothing.
      long expected = answers.get(0).get(i) == CommitResult.STORED ? 1 : 0;
      assertThat(owners.get(i).orElseThrow().count()).isEqualTo(expected);
    }
  }

  @Test
  void workingStoreIsHealthy() {
    assertThatCode(store::checkHealth).doesNotThrowAnyException();
  }

  @Test
  void closedStoreIsUnavailable() {
    Lease lease = store.open(SessionId.random());

    store.close();

    assertThatThrownBy(() -> store.open(lease.sessionId()))
        .isInstanceOf(StoreUnavailableException.class);
    assertThatThrownBy(() -> commit(lease, 1)).isInstanceOf(StoreUnavailableException.class);
    assertThatThrownBy(store::checkHealth).isInstanceOf(StoreUnavailableException.class);
    assertThat(store.openAll(List.of(lease.sessionId()))).containsExactly(Optional.empty());
    assertThat(store.commitAll(List.of(new Commit(lease, 1, false))))
        .containsExactly(CommitResult.UNAVAILABLE);
    assertThatCode(store::close).doesNotThrowAnyException();
  }

  private CommitResult commit(Lease lease, long count) {
    return store.commit(new Commit(lease, count, false));
  }

  private interface Task<T> {
    T run(int index);
  }

  private static <T> List<T> atTheSameTime(int times, Task<T> task) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(Math.min(times, 8));
    try {
      List<Callable<T>> calls = new ArrayList<>();
      IntStream.range(0, times).forEach(i -> calls.add(() -> task.run(i)));
      List<T> results = new ArrayList<>();
      for (Future<T> result :
          threads.invokeAll(calls, Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        results.add(result.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }
}
