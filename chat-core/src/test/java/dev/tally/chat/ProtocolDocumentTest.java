package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The documented protocol is the one that is spoken. */
class ProtocolDocumentTest {

  private static final Pattern FRAME = Pattern.compile("```json\n(.*)\n```");
  private static final Pattern CLOSE_CODE =
      Pattern.compile("^\\| (\\d{4} \\| .* \\| .*) \\|$", Pattern.MULTILINE);

  @Test
  void everyDocumentedFrameIsWhatTheServerSends() throws IOException {
    SessionId session = SessionId.parse("123e4567-e89b-42d3-a456-426614174000");
    assertThat(found(FRAME))
        .containsExactly(
            Reply.count(42).text(),
            Reply.heartbeat(Instant.parse("2026-11-23T20:00:00Z")).text(),
            Reply.bye(42).text(),
            welcome(session, Optional.empty()),
            Reply.bye(42, Duration.ofMillis(730), Duration.ofMillis(2730)).text(),
            Reply.error(
                    "store_unavailable",
                    Duration.ofSeconds(1),
                    "the session store did not open or save this session in time")
                .text(),
            welcome(session, Optional.of(Duration.ofMillis(899_700))));
  }

  private static String welcome(SessionId session, Optional<Duration> expiresIn) {
    return Reply.welcome(session, true, 41, Duration.ofHours(1), Duration.ofSeconds(30), expiresIn)
        .text();
  }

  @Test
  void everyCloseCodeIsDocumented() throws IOException {
    List<String> rows =
        Arrays.stream(CloseCode.values())
            .map(code -> code.code() + " | " + code.reason() + " | " + advice(code))
            .toList();
    assertThat(found(CLOSE_CODE)).isEqualTo(rows);
  }

  private static String advice(CloseCode code) {
    return switch (code.reconnect()) {
      case NO -> "no";
      case AFTER_HINT -> "after the hint";
      case WITH_BACKOFF -> "with backoff";
      case WITH_NEW_TOKEN -> "with a new token";
    };
  }

  private static List<String> found(Pattern pattern) throws IOException {
    // Surefire runs in the module's directory.
    String document = Files.readString(Path.of("..", "docs", "PROTOCOL.md"));
    return pattern.matcher(document).results().map((MatchResult match) -> match.group(1)).toList();
  }
}
