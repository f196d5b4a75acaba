package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** docs/client-rules.json, which the clients in JavaScript and Python are tested with too. */
class ClientRulesTest {

  private static final JsonNode RULES =
      JsonMapper.shared().readTree(Path.of("..", "docs", "client-rules.json").toFile());

  @Test
  void theProtocolSaysTheNumbers() throws IOException {
    String protocol = Files.readString(Path.of("..", "docs", "PROTOCOL.md"));
    RULES
        .get("numbers")
        .forEachEntry(
            (name, value) -> assertThat(protocol).contains("| `" + name + "` | " + value + " |"));
  }

  /** A generator of the shortest pauses that there may be, or of the longest. */
  private record Extreme(boolean longest) implements RandomGenerator {
    @Override
    public long nextLong() {
      throw new UnsupportedOperationException();
    }

    @Override
    public long nextLong(long bound) {
      return longest ? bound - 1 : 0;
    }
  }

  @TestFactory
  Stream<DynamicTest> comesBack() {
    return scenarios("coming_back")
        .map(
            scenario ->
                DynamicTest.dynamicTest(
                    scenario.get("name").asString(),
                    () -> {
                      play(scenario, false);
                      play(scenario, true);
                    }));
  }

  private static void play(JsonNode scenario, boolean longest) {
    AtomicLong millis = new AtomicLong(1_000_000);
    ReconnectRules rules =
        new ReconnectRules(
            Duration.ofDays(1), new Extreme(longest), () -> millis.get() * 1_000_000);
    boolean beenThere = false;
    for (JsonNode step : scenario.get("steps")) {
      switch (step.get("event").asString()) {
        case "welcome" -> {
          beenThere = true;
          rules.opened();
        }
        case "works" -> rules.proved();
        case "wait" -> millis.addAndGet(step.get("ms").asLong());
        case "bye" -> {
          ServerFrame.Bye bye = (ServerFrame.Bye) ServerFrame.parse(bye(step));
          assertThat(bye.retryAfterMillis()).as("%s", step).isEqualTo(pause(step, longest));
        }
        case "broke" -> {
          rules.broke(ending(step));
          decide(rules, step, beenThere, longest);
        }
        case "failed" -> {
          rules.failed(ending(step));
          decide(rules, step, beenThere, longest);
        }
        default -> throw new IllegalArgumentException(step.toString());
      }
    }
  }

  private static void decide(
      ReconnectRules rules, JsonNode step, boolean beenThere, boolean longest) {
    Ending ending = ending(step);
    assertThat(rules.giveUp(ending, beenThere, false).isEmpty())
        .as("comes back: %s", step)
        .isEqualTo(step.has("pause_ms"));
    if (step.has("pause_ms")) {
      assertThat(rules.pause(ending, false)).as("%s", step).hasMillis(pause(step, longest));
    }
  }

  private static long pause(JsonNode step, boolean longest) {
    return step.get("pause_ms").get(longest ? 1 : 0).asLong();
  }

  private static Ending ending(JsonNode step) {
    if (step.has("close")) {
      return new Ending.Closed(step.get("close").asInt(), step.get("reason").asString());
    }
    return step.has("status")
        ? new Ending.Refused(step.get("status").asInt(), step.get("retry_after").asString())
        : new Ending.Broken("connection refused", false);
  }

  private static String bye(JsonNode step) {
    return "{\"type\": \"bye\", \"total\": 0, \"retry_after_ms\": "
        + step.get("retry_after_ms")
        + "}";
  }

  @TestFactory
  Stream<DynamicTest> keepsAccount() {
    return scenarios("ledger")
        .map(
            scenario ->
                DynamicTest.dynamicTest(
                    scenario.get("name").asString(), () -> keepAccount(scenario)));
  }

  private static void keepAccount(JsonNode scenario) {
    Ledger ledger = new Ledger();
    for (JsonNode step : scenario.get("steps")) {
      switch (step.get("event").asString()) {
        case "welcome" -> {
          long before = ledger.counted();
          assertThat(ledger.welcome(step.get("count").asLong()))
              .hasSize((int) (ledger.counted() - before));
        }
        case "reply" -> {
          long before = ledger.counted();
          assertThat(ledger.reply(step.get("count").asLong())).isEqualTo(ledger.counted() > before);
        }
        case "keep" -> texts(step).forEach(ledger::add);
        case "send" -> {
          texts(step).forEach(ledger::add);
          assertThat(goesOut(ledger)).isEqualTo(texts(step));
        }
        case "goes_out" -> assertThat(goesOut(ledger)).isEqualTo(texts(step));
        default -> throw new IllegalArgumentException(step.toString());
      }
    }
    assertThat(ledger.counted()).as("counted").isEqualTo(scenario.get("counted").asLong());
    assertThat(ledger.lost()).as("lost").isEqualTo(scenario.get("lost").asLong());
    assertThat(ledger.duplicated()).as("duplicated").isEqualTo(scenario.get("duplicated").asLong());
    assertThat(ledger.added() - ledger.counted())
        .as("waiting")
        .isEqualTo(scenario.get("waiting").asLong());
    assertThat(ledger.reconnects()).as("reconnects").isEqualTo(scenario.get("reconnects").asLong());
    assertThat(ledger.isSettled()).isEqualTo(scenario.get("waiting").asLong() == 0);
  }

  private static List<String> texts(JsonNode step) {
    return stream(step.get("texts")).map(JsonNode::asString).toList();
  }

  private static List<String> goesOut(Ledger ledger) {
    List<String> messages = new ArrayList<>();
    while (ledger.hasNext()) {
      messages.add(ledger.next());
    }
    return messages;
  }

  private static Stream<JsonNode> scenarios(String part) {
    return stream(RULES.get(part));
  }

  private static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }
}
