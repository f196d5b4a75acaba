package dev.tally.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tally.server.auth.Verdict.Invalid;
import dev.tally.server.auth.Verdict.Undecided;
import dev.tally.server.auth.Verdict.Valid;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys that change, in a file and on a real server, which may be slow, wrong, or away. */
class KeysTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String CLAIMS = "{\"sub\":\"alice\",\"exp\":9999999999}";

  private final AtomicLong nanos = new AtomicLong();
  @TempDir private Path directory;

  private TokenVerifier verifier(KeyLocation location) {
    TokenVerifier verifier =
        new TokenVerifier(
            new AuthSettings(location, Optional.empty(), Optional.empty(), Duration.ZERO, false),
            InstantSource.system(),
            nanos::get);
    verifier.start();
    return verifier;
  }

  private void skip(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private static void awaitVerdict(
      TokenVerifier verifier, String token, Class<? extends Verdict> wanted) {
    await().atMost(PATIENCE).until(() -> wanted.isInstance(verifier.verify(token)));
  }

  @Test
  void areFetchedAgainForAKeyThatIsNewAndNotForEveryTokenThatInventsOne() throws Exception {
    Issuer old = Issuer.of("ES256", "old");
    Issuer young = Issuer.of("ES256", "young");
    try (KeyServer server = new KeyServer()) {
      server.answers(KeyServer.json(Issuer.jwks(old)));
      try (TokenVerifier verifier = verifier(new KeyLocation.JwksUrl(server.url()))) {
        awaitVerdict(verifier, old.token(CLAIMS), Valid.class);

        server.answers(KeyServer.json(Issuer.jwks(young)));
        for (int i = 0; i < 1000; i++) {
          assertThat(verifier.verify(young.token(CLAIMS))).isInstanceOf(Invalid.class);
        }
        assertThat(server.requests()).isEqualTo(1);

        skip(KeyCache.FRESH);
        assertThat(verifier.verify(young.token(CLAIMS))).isInstanceOf(Undecided.class);
        awaitVerdict(verifier, young.token(CLAIMS), Valid.class);
        assertThat(verifier.verify(old.token(CLAIMS))).isInstanceOf(Invalid.class);
        assertThat(server.requests()).isEqualTo(2);
      }
    }
  }

  @Test
  void areFetchedAgainFromTimeToTime() throws Exception {
    Issuer old = Issuer.of("ES256", "old");
    try (KeyServer server = new KeyServer()) {
      server.answers(KeyServer.json(Issuer.jwks(old)));
      try (TokenVerifier verifier = verifier(new KeyLocation.JwksUrl(server.url()))) {
        awaitVerdict(verifier, old.token(CLAIMS), Valid.class);
        server.answers(KeyServer.json(Issuer.jwks(Issuer.of("ES256", "young"))));
        skip(Duration.ofMinutes(5));
        awaitVerdict(verifier, old.token(CLAIMS), Invalid.class);
      }
    }
  }

  @Test
  void goOnWorkingWhileTheServerIsAway() throws Exception {
    Issuer known = Issuer.of("EdDSA", "known");
    Issuer young = Issuer.of("EdDSA", "young");
    try (KeyServer server = new KeyServer()) {
      server.answers(KeyServer.json(Issuer.jwks(known)));
      try (TokenVerifier verifier = verifier(new KeyLocation.JwksUrl(server.url()))) {
        awaitVerdict(verifier, known.token(CLAIMS), Valid.class);
        server.answers(KeyServer.status(500));
        skip(Duration.ofDays(2));
        await().atMost(PATIENCE).until(() -> server.requests() > 1);

        assertThat(verifier.verify(known.token(CLAIMS))).isInstanceOf(Valid.class);
        // Nobody knows whether there is such a key, so nobody is told that there is none.
        assertThat(verifier.verify(young.token(CLAIMS))).isInstanceOf(Undecided.class);

        server.answers(KeyServer.json(Issuer.jwks(known, young)));
        skip(KeyCache.FRESH);
        awaitVerdict(verifier, young.token(CLAIMS), Valid.class);
      }
    }
  }

  @Test
  void areAwaitedIfTheServerIsAwayAtTheStart() throws Exception {
    Issuer issuer = Issuer.of("ES256", "key");
    try (KeyServer server = new KeyServer();
        TokenVerifier verifier = verifier(new KeyLocation.JwksUrl(server.url()))) {
      await().atMost(PATIENCE).until(() -> server.requests() > 0);
      assertThat(verifier.hasKeys()).isFalse();
      assertThat(verifier.verify(issuer.token(CLAIMS))).isInstanceOf(Undecided.class);

      server.answers(KeyServer.json(Issuer.jwks(issuer)));
      skip(Duration.ofSeconds(1));
      awaitVerdict(verifier, issuer.token(CLAIMS), Valid.class);
      assertThat(verifier.hasKeys()).isTrue();
    }
  }

  @Test
  void areNotTakenFromAWrongAnswer() throws Exception {
    try (KeyServer server = new KeyServer()) {
      KeyUrl url = new KeyUrl(server.url(), PATIENCE);
      server.answers(KeyServer.status(404));
      assertThatThrownBy(url::read).hasMessage("it answered 404 in place of 200");
      server.answers(
          exchange -> {
            exchange.getResponseHeaders().set("Location", server.url().toString());
            exchange.sendResponseHeaders(302, -1);
          });
      assertThatThrownBy(url::read).hasMessage("it answered 302 in place of 200");
      server.answers(KeyServer.json("x".repeat(KeySource.MAX_BYTES)));
      assertThat(url.read()).hasSize(KeySource.MAX_BYTES);
      server.answers(KeyServer.json("x".repeat(KeySource.MAX_BYTES + 1)));
      assertThatThrownBy(url::read).hasMessageContaining("it is longer than 1048576 bytes");
      server.answers(
          exchange -> {
            // Without an end: its length is not told.
            exchange.sendResponseHeaders(200, 0);
            OutputStream body = exchange.getResponseBody();
            while (true) {
              body.write("{\"keys\":[".repeat(1000).getBytes(UTF_8));
            }
          });
      assertThatThrownBy(url::read).hasMessageContaining("it is longer than 1048576 bytes");
    }
  }

  @Test
  void areNotAwaitedForEver() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    try (KeyServer server = new KeyServer()) {
      KeyUrl url = new KeyUrl(server.url(), Duration.ofMillis(300));
      server.answers(
          exchange -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            awaitQuietly(over);
          });
      assertThatThrownBy(url::read).hasMessage("it gave no complete answer within 300 ms");
      server.answers(exchange -> awaitQuietly(over));
      assertThatThrownBy(url::read).hasMessage("it gave no complete answer within 300 ms");
    } finally {
      over.countDown();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void areReadAgainWhenTheirFileChanges() throws Exception {
    Issuer old = Issuer.of("ES256", "old");
    Issuer young = Issuer.of("ES256", "young");
    Path file = Files.writeString(directory.resolve("jwks.json"), Issuer.jwks(old));
    try (TokenVerifier verifier = verifier(new KeyLocation.JwksFile(file))) {
      awaitVerdict(verifier, old.token(CLAIMS), Valid.class);

      // What does not parse, as while somebody writes it, changes nothing.
      Files.writeString(file, Issuer.jwks(young).substring(0, 50));
      for (int i = 0; i < 3; i++) {
        skip(KeyCache.FRESH);
        assertThat(verifier.verify(old.token(CLAIMS))).isInstanceOf(Valid.class);
      }
      Path next = Files.writeString(directory.resolve("next"), Issuer.jwks(young));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                skip(KeyCache.FRESH);
                return verifier.verify(young.token(CLAIMS)) instanceof Valid;
              });
      Files.delete(file);
      skip(KeyCache.FRESH);
      assertThat(verifier.verify(young.token(CLAIMS))).isInstanceOf(Valid.class);
    }
  }
}
