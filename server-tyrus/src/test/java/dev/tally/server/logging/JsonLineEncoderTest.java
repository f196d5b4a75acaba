package dev.tally.server.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class JsonLineEncoderTest {

  private final LoggingEvent line = line(Level.INFO, "session opened");

  @Test
  void aLineHasTheDocumentedFieldsInTheirOrder() {
    line.addKeyValuePair(new KeyValuePair("count", 7L));
    line.addKeyValuePair(new KeyValuePair("event", "open"));
    line.addKeyValuePair(new KeyValuePair("code", 1001));
    line.addKeyValuePair(new KeyValuePair("session", "a3b8"));

    assertThat(encoded(line, Optional.of("blue")))
        .isEqualTo(
            """
            {"timestamp":"2026-11-24T03:04:50.790Z","level":"INFO","event":"open","color":"blue",\
            "count":7,"code":1001,"session":"a3b8",\
            "message":"session opened","logger":"dev.tally.Any"}
            """);
  }

  @Test
  void whatJsonHasNoWordForIsText() {
    line.addKeyValuePair(new KeyValuePair("flag", true));
    line.addKeyValuePair(new KeyValuePair("ratio", Double.NaN));
    line.addKeyValuePair(new KeyValuePair("nothing", null));

    JsonNode json = read(line);

    assertThat(json.get("flag").isBoolean()).isTrue();
    assertThat(json.get("ratio").asString()).isEqualTo("NaN");
    assertThat(json.get("nothing").asString()).isEqualTo("null");
  }

  @Test
  void anyTextStaysOnItsLineAndComesBackAsItWas() {
    String text =
        IntStream.rangeClosed(0, 0x2100).mapToObj(Character::toString).collect(Collectors.joining())
            + "\u2028 🧮";
    LoggingEvent strange = line(Level.INFO, text);
    strange.addKeyValuePair(new KeyValuePair("a \"key\"\n", text));

    assertThat(encoded(strange, Optional.empty()).lines()).hasSize(1);
    assertThat(read(strange).get("message").asString()).isEqualTo(text);
    assertThat(read(strange).get("a \"key\"\n").asString()).isEqualTo(text);
  }

  @Test
  void aUrlCanBeFoundAsItIsWritten() {
    LoggingEvent url = line(Level.INFO, "back at redis://***@a:6379/0");
    url.addKeyValuePair(new KeyValuePair("store", "redis://***@a:6379/0"));

    assertThat(encoded(url, Optional.empty()))
        .contains("\"store\":\"redis://***@a:6379/0\"", "\"back at redis://***@a:6379/0\"");
  }

  @Test
  void noControlCharacterReachesATerminal() {
    LoggingEvent strange = line(Level.INFO, "\u001b[2J\u0000\u007f\u009b\r\t");

    assertThat(encoded(strange, Optional.empty()))
        .contains("\\u001b[2J\\u0000\\u007f\\u009b\\r\\t");
  }

  @Test
  void aLineOfSomebodyElsesHasAnEventToo() {
    assertThat(read(line).get("event").asString()).isEqualTo("log");
    assertThat(read(line).has("color")).isFalse();
    assertThat(read(line(Level.ERROR, "failed")).get("event").asString()).isEqualTo("error");
  }

  @Test
  void whatWasThrownComesWithItsCauseAndItsPlace() {
    Exception thrown = new IllegalStateException("outer", new IllegalArgumentException("inner"));
    line.setThrowableProxy(new ThrowableProxy(thrown));

    assertThat(read(line).get("stack_trace").asString())
        .startsWith("java.lang.IllegalStateException: outer")
        .contains("Caused by: java.lang.IllegalArgumentException: inner")
        .contains("JsonLineEncoderTest.java");
  }

  private static LoggingEvent line(Level level, String message) {
    LoggingEvent line = new LoggingEvent();
    line.setLoggerContext(new LoggerContext());
    line.setLoggerName("dev.tally.Any");
    line.setLevel(level);
    line.setMessage(message);
    line.setInstant(Instant.parse("2026-11-24T03:04:50.790123Z"));
    return line;
  }

  private static JsonNode read(LoggingEvent line) {
    return JsonMapper.shared().readTree(encoded(line, Optional.empty()));
  }

  private static String encoded(LoggingEvent line, Optional<String> color) {
    return new String(new JsonLineEncoder(color).encode(line), StandardCharsets.UTF_8);
  }
}
