package dev.tally.session.redis;

import static dev.tally.chat.testing.Patience.PATIENCE;
import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.testing.FreePort;
import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RedisFaultsTest {

  private static final Pattern WAITING =
      Pattern.compile("(?m)^id=(\\d+) .*name=tally .*flags=b .*cmd=evalsha");

  private @Nullable RedisServer redis;
  private @Nullable SessionStore store;

  @AfterEach
  void stop() {
    if (store != null) {
      store.close();
    }
    if (redis != null) {
      redis.close();
    }
  }

  @Test
  void connectionKilledInMidBatchLeavesTheBatchUnknownAndARepeatStoresIt() {
    RedisServer server = start();
    Sessions sessions = Sessions.open(connect(server, "?read_timeout=60s"), 200);
    sessions.commitAndExpectStored(1);
    server.cli("CLIENT", "PAUSE", "3600000", "WRITE");

    CompletableFuture<List<CommitResult>> batch =
        CompletableFuture.supplyAsync(() -> sessions.commit(2));
    String waiting = await().until(() -> waitingClient(server), Optional::isPresent).orElseThrow();
    server.cli("CLIENT", "KILL", "ID", waiting);

    assertThat(batch.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join())
        .isEqualTo(sessions.all(CommitResult.UNAVAILABLE));
    server.cli("CLIENT", "UNPAUSE");
    sessions.commitAndExpectStored(2);
    sessions.resumeAndExpect(2);
  }

  @Test
  void pausedServerIsUnavailableAndWhatItWasToldBeforeDoesNotCountTwice() {
    RedisServer server = start();
    SessionStore paused = connect(server, "?connect_timeout=1s&read_timeout=1s");
    Sessions sessions = Sessions.open(paused, 200);
    sessions.commitAndExpectStored(1);

    server.pause();
    assertThat(sessions.commit(2)).isEqualTo(sessions.all(CommitResult.UNAVAILABLE));
    assertThat(sessions.commit(3)).isEqualTo(sessions.all(CommitResult.UNAVAILABLE));
    assertThatThrownBy(paused::checkHealth)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("cannot be reached");
    server.resume();

    await().untilAsserted(() -> sessions.commitAndExpectStored(4));
    sessions.resumeAndExpect(4);
  }

  @Test
  void callersBeyondThePoolDoNotWaitForEver() {
    RedisServer server = start();
    SessionStore small = connect(server, "?pool_size=1&connect_timeout=1s&read_timeout=1s");
    small.checkHealth();
    server.pause();

    List<CompletableFuture<Void>> callers =
        Stream.generate(() -> CompletableFuture.runAsync(small::checkHealth)).limit(8).toList();

    for (CompletableFuture<Void> caller : callers) {
      assertThat(caller)
          .failsWithin(PATIENCE)
          .withThrowableThat()
          .withCauseInstanceOf(StoreUnavailableException.class);
    }
  }

  @Test
  void countsOutliveARestartWithAppendOnlyFile() {
    RedisServer server = start("appendonly yes", "appendfsync no");
    Sessions sessions = Sessions.open(connect(server, ""), 100);
    sessions.commitAndExpectStored(7);

    server.kill();
    assertThat(sessions.commit(8)).isEqualTo(sessions.all(CommitResult.UNAVAILABLE));
    server.restart();

    await().untilAsserted(() -> sessions.resumeAndExpect(7));
  }

  @Test
  void emptyReplacementGetsTheSessionsBackFromTheirOwners() {
    RedisServer server = start();
    Sessions sessions = Sessions.open(connect(server, ""), 100);
    sessions.commitAndExpectStored(7);

    server.kill();
    server.restart();
    assertThat(server.cli("DBSIZE")).isEqualTo("0");

    await().untilAsserted(() -> sessions.commitAndExpectStored(8));
    sessions.resumeAndExpect(8);
  }

  @Test
  void scriptsAreBroughtAgainAfterTheirCacheWasFlushed() {
    RedisServer server = start();
    Sessions sessions = Sessions.open(connect(server, ""), 200);
    sessions.commitAndExpectStored(1);

    server.cli("SCRIPT", "FLUSH");

    sessions.commitAndExpectStored(2);
    server.cli("SCRIPT", "FLUSH");
    sessions.resumeAndExpect(2);
  }

  @Test
  void batchThatFailsHalfWayLeavesNoAnswersToTheNext() {
    HalfSent.leavesNoAnswersToTheNext(start().url());
  }

  @Test
  void wrongPasswordIsSaidWithoutThePassword() {
    RedisServer server = start("requirepass right");
    SessionStore refused = Sessions.store("redis://:geheim@" + server.address());
    store = refused;

    assertThatThrownBy(refused::checkHealth)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("refuses the user or the password")
        .hasMessageNotContaining("geheim");
    assertThatThrownBy(() -> refused.open(SessionId.random()))
        .isInstanceOf(StoreUnavailableException.class);
    assertThat(refused.openAll(List.of(SessionId.random()))).containsExactly(Optional.empty());
  }

  @Test
  void documentedAccessControlIsEnough() throws IOException {
    RedisServer server = start("user " + AccessControl.user());
    RedisSessionStore permitted =
        new RedisSessionStore(
            RedisUrl.parse(
                "redis://tally:secret@" + server.address() + "/3",
                Duration.ofHours(1),
                Duration.ofMinutes(1)),
            Optional.of(new MessageLog(4, 10)),
            ChatMetrics.NONE);
    store = permitted;

    permitted.checkHealth();
    Sessions sessions = Sessions.open(permitted, 3);
    sessions.commitAndExpectStored(1);
    sessions.resumeAndExpect(1);
    assertThat(permitted.messageLogStatus().entries()).hasSize(4);

    // The pool tests connections that were idle for a while.
    assertThat(server.cli("--user", "tally", "--pass", "secret", "--no-auth-warning", "PING"))
        .isEqualTo("PONG");
    assertThat(server.cli("ACL", "LOG")).isEmpty();
  }

  @Test
  void serverThatDoesNotKnowHelloIsUsed() {
    RedisServer server = start("rename-command HELLO \"\"", "requirepass right");
    SessionStore old = Sessions.store("redis://:right@" + server.address());
    store = old;

    old.checkHealth();
    Sessions.open(old, 3).commitAndExpectStored(1);
  }

  @Test
  void missingPermissionIsSaid() {
    RedisServer server = start("user counter on >right ~tally:* +evalsha");
    SessionStore refused = Sessions.store("redis://counter:right@" + server.address());
    store = refused;

    assertThatThrownBy(refused::checkHealth)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("does not permit its user");
  }

  @Test
  void userThatMayNotAskForTheStatusOfTheLogHarmsNoSession() throws IOException {
    String before = AccessControl.user().replace(" +xlen", "").replace(" +xinfo|groups", "");
    RedisServer server = start("user " + before);
    RedisSessionStore old =
        new RedisSessionStore(
            RedisUrl.parse(
                "redis://tally:secret@" + server.address(),
                Duration.ofHours(1),
                Duration.ofMinutes(1)),
            Optional.of(new MessageLog(4, 10)),
            ChatMetrics.NONE);
    store = old;

    assertThatThrownBy(old::messageLogStatus)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("does not permit its user");
    old.checkHealth();
    Sessions.open(old, 3).commitAndExpectStored(1);
  }

  @Test
  void readOnlyReplicaIsNotHealthyUntilItIsAMaster() {
    RedisServer server = start();
    SessionStore replica = connect(server, "");
    replica.checkHealth();
    server.cli("REPLICAOF", "127.0.0.1", "" + FreePort.pick());

    assertThatThrownBy(replica::checkHealth)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("is a read-only replica");

    server.cli("REPLICAOF", "NO", "ONE");
    await().untilAsserted(replica::checkHealth);
  }

  @Test
  void fullServerIsNotHealthy() {
    RedisServer server = start("maxmemory 1", "maxmemory-policy noeviction");
    SessionStore full = connect(server, "");

    assertThatThrownBy(full::checkHealth)
        .isInstanceOf(StoreFullException.class)
        .hasMessageContaining("is out of memory");
  }

  @Test
  void closeDoesNotWaitForSentinelsThatDoNotAnswer() throws Exception {
    try (ServerSocket sentinel = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      SessionStore lost =
          Sessions.store(
              "redis+sentinel://127.0.0.1:" + sentinel.getLocalPort() + "/m?read_timeout=60s");
      CompletableFuture<Void> lookUp = CompletableFuture.runAsync(lost::checkHealth);
      try (Socket silent = sentinel.accept()) {
        assertThat(silent.getInputStream().read()).isNotNegative();

        CompletableFuture.runAsync(lost::close).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

        assertThat(lookUp).isNotDone();
        assertThatThrownBy(() -> lost.open(SessionId.random()))
            .isInstanceOf(StoreUnavailableException.class)
            .hasMessageContaining("closed");
      }
    }
  }

  @Test
  void clusterThatIsNotThereTakesNoThreads() {
    SessionStore early = Sessions.store("redis+cluster://127.0.0.1:" + FreePort.pick());
    store = early;
    Set<Thread> before = Thread.getAllStackTraces().keySet();

    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(early::checkHealth)
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("cannot be reached");
    }

    assertThat(Thread.getAllStackTraces().keySet())
        .allMatch(thread -> thread.isDaemon() || before.contains(thread));
  }

  @Test
  void serverMayStartAfterTheStore() {
    RedisServer server = start();
    server.kill();
    SessionStore early = connect(server, "");

    assertThatThrownBy(early::checkHealth)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("cannot be reached");

    server.restart();
    early.checkHealth();
  }

  private RedisServer start(String... settings) {
    RedisServer started = RedisServer.start(settings);
    redis = started;
    return started;
  }

  private SessionStore connect(RedisServer server, String options) {
    SessionStore connected = Sessions.store(server.url() + options);
    store = connected;
    return connected;
  }

  private static Optional<String> waitingClient(RedisServer server) {
    Matcher client = WAITING.matcher(server.cli("CLIENT", "LIST"));
    return client.find() ? Optional.of(client.group(1)) : Optional.empty();
  }
}
