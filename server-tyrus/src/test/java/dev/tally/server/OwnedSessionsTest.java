package dev.tally.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.server.auth.AuthSettings;
import dev.tally.server.auth.Issuer;
import dev.tally.server.auth.KeyLocation;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Sessions over real sockets, with real tokens. */
class OwnedSessionsTest {

  private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes(US_ASCII);
  private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");
  private static final String ID = "123e4567-e89b-42d3-a456-426614174000";

  @RegisterExtension static final RunningServer SERVER = server();

  private static RunningServer server() {
    AuthSettings settings =
        new AuthSettings(
            new KeyLocation.Secret(new SecretKeySpec(SECRET, "HmacSHA256")),
            Optional.empty(),
            Optional.empty(),
            Duration.ofSeconds(60),
            false);
    return RunningServer.withClockThatStands(settings, () -> NOW);
  }

  private static RawClient open(RunningServer server, String subject, Duration left)
      throws IOException, GeneralSecurityException {
    String claims =
        String.format(
            Locale.ROOT, "{\"sub\":\"%s\",\"exp\":%d}", subject, NOW.plus(left).getEpochSecond());
    return RawClient.open(
        server.port(),
        "/ws/chat/?session_id=" + ID,
        "Sec-WebSocket-Protocol: tally.v1, bearer." + Issuer.hs256(SECRET, claims));
  }

  private static String welcome(boolean resumed, long count, long expiresIn) {
    return String.format(
        Locale.ROOT,
        "{\"type\": \"welcome\", \"session_id\": \"%s\", \"resumed\": %b, \"count\": %d,"
            + " \"ttl_s\": 3600, \"heartbeat_s\": 3600, \"expires_in_s\": %d}",
        ID,
        resumed,
        count,
        expiresIn);
  }

  @Test
  void stolenIdOpensNoSessionOfItsOwner() throws Exception {
    Duration hour = Duration.ofHours(1);
    try (RawClient owner = open(SERVER, "alice", hour);
        RawClient thief = open(SERVER, "mallory", hour)) {
      owner.text("one");
      thief.text("one");
      assertThat(owner.next().text()).isEqualTo(welcome(false, 0, 3600));
      assertThat(thief.next().text()).isEqualTo(welcome(false, 0, 3600));
      owner.expectCount(1);
      thief.expectCount(1);

      try (RawClient again = open(SERVER, "alice", Duration.ofMinutes(5))) {
        assertThat(again.next().text()).isEqualTo(welcome(true, 1, 300));
        owner.expectClose(4001, "superseded");
        thief.text("two");
        thief.expectCount(2);
      }
    }
  }

  @Test
  void connectionIsClosedOnceItsTokenAndTheLeewayAreOver() throws Exception {
    try (RunningServer server = server();
        RawClient client = open(server, "alice", Duration.ofMinutes(5));
        RawClient longer = open(server, "bob", Duration.ofHours(2))) {
      client.text("one");
      assertThat(client.next().text()).isEqualTo(welcome(false, 0, 300));
      client.expectCount(1);
      assertThat(longer.next().text()).isEqualTo(welcome(false, 0, 7200));

      server.skip(Duration.ofMinutes(6));

      client.expectClose(4401, "token expired");
      longer.text("one");
      longer.expectCount(1);
      Await.until(() -> server.events.contains("closed 4401"));
    }
  }

  @Test
  void logNamesTheSessionByTheHashOfItsKeyAndTheSubjectByItsOwn() throws Exception {
    Subject subject = new Subject("carol@example.org");
    SessionId key = SessionId.parse(ID).ownedBy(subject);
    try (CapturedLog log = new CapturedLog(Level.TRACE)) {
      open(SERVER, subject.value(), Duration.ofHours(1)).close();

      // Connections of other tests may end meanwhile.
      String named = "session=\"" + key.hash() + "\", subject=\"" + subject.hash() + "\"";
      Await.until(() -> log.text().lines().filter(line -> line.contains(named)).count() == 2);
      assertThat(log.text().lines().filter(line -> line.contains(named)))
          .satisfiesExactly(
              line -> assertThat(line).contains("event=\"open\""),
              line -> assertThat(line).contains("event=\"close\""));
      assertThat(log.text()).doesNotContain("carol", ID, key.text());
    }
  }
}
