package dev.tally.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tally.chat.ChatHub;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.metrics.http.HttpAnswer;
import dev.tally.metrics.http.HttpRequest;
import dev.tally.metrics.http.QueryParameters;
import dev.tally.metrics.http.QueryParameters.Parameter;
import java.util.List;

/**
 * {@code POST /sessions/close}: closes what a subject, or a session, has open at this server. Safe
 * for use by several threads.
 */
final class KickPage {

  static final String PATH = "/sessions/close";

  private final ChatHub hub;

  KickPage(ChatHub hub) {
    this.hub = hub;
  }

  /** Does what the request asks for, and says how many connections it closed. */
  HttpAnswer answer(HttpRequest request) {
    if (!request.method().equals("POST")) {
      return HttpAnswer.refusal(
          "405 Method Not Allowed",
          "Allow: POST",
          request.method() + " is not allowed here: use POST.");
    }
    // A page of any origin can make its visitor's browser send a POST to this port, or to a name
    // that leads here. But browsers say with each POST where it comes from, and no page can change
    // that.
    if (request.headers().containsKey("origin")
        || request.headers().containsKey("sec-fetch-site")) {
      return HttpAnswer.refusal(
          "403 Forbidden", "", "A browser must not close sessions: use curl or the like.");
    }
    List<Parameter> parameters;
    try {
      parameters = QueryParameters.parse(request.query());
    } catch (IllegalArgumentException e) {
      return badRequest("The query must be UTF-8, with % before two hexadecimal digits.");
    }
    if (parameters.size() != 1) {
      return badRequest("The query must be one of subject=NAME and session=UUID.");
    }
    Parameter only = parameters.get(0);
    return switch (only.name()) {
      case "subject" ->
          only.value().isEmpty()
              ? badRequest("The subject must not be empty.")
              : closed(hub.kick(new Subject(only.value())));
      case "session" -> session(only.value());
      default -> badRequest("The query must be one of subject=NAME and session=UUID.");
    };
  }

  private HttpAnswer session(String text) {
    SessionId key;
    try {
      key = SessionId.parse(text);
    } catch (IllegalArgumentException e) {
      return badRequest("The session must be a UUID of 36 characters.");
    }
    return closed(hub.kick(key));
  }

  private static HttpAnswer badRequest(String sentence) {
    return HttpAnswer.refusal("400 Bad Request", "", sentence);
  }

  private static HttpAnswer closed(int connections) {
    return new HttpAnswer(
        "200 OK",
        "application/json; charset=utf-8",
        "Cache-Control: no-store",
        ("{\"closed\": " + connections + "}").getBytes(UTF_8));
  }
}
