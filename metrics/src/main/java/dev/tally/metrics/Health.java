package dev.tally.metrics;

import dev.tally.chat.Readiness;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The answers to {@code /healthz} and {@code /readyz}, the same on every port. Safe for use by
 * several threads.
 *
 * @param readiness called for each request to {@code /readyz}
 * @param color the side of a blue-green pair; empty if there is none
 * @param version the release
 * @param instance a name of this process that no other process has
 */
public record Health(Supplier<Readiness> readiness, String color, String version, String instance) {

  /**
   * One answer.
   *
   * @param status the HTTP status code
   * @param json the body
   */
  public record Answer(int status, String json) {}

  /**
   * The liveness of the process. It does not depend on the store: a restart would not repair that.
   *
   * @return always 200
   */
  public Answer live() {
    return new Answer(
        200,
        String.format(
            Locale.ROOT,
            "{\"status\":\"ok\",\"color\":\"%s\",\"version\":\"%s\",\"instance\":\"%s\"}",
            escape(color),
            escape(version),
            escape(instance)));
  }

  /**
   * Whether a load balancer should send new clients here.
   *
   * @return 200, or 503 with the reason
   */
  public Answer ready() {
    Readiness now = readiness.get();
    return now.ready()
        ? new Answer(200, "{\"status\":\"ready\"}")
        : new Answer(
            503,
            String.format(
                Locale.ROOT, "{\"status\":\"unready\",\"reason\":\"%s\"}", escape(now.reason())));
  }

  private static String escape(String text) {
    return text.codePoints()
        .mapToObj(
            c ->
                c < ' ' || c == '"' || c == '\\'
                    ? String.format(Locale.ROOT, "\\u%04x", c)
                    : Character.toString(c))
        .collect(Collectors.joining());
  }
}
