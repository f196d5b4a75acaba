package dev.tally.server.handshake;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The negotiation of permessage-deflate (RFC 7692, section 7.1) in {@code
 * Sec-WebSocket-Extensions}.
 *
 * <p>Every message is compressed for itself (no context takeover), so that no connection keeps a
 * window of 32 KiB between two messages. What the server sends is never compressed.
 */
public final class PermessageDeflate {

  private static final String NAME = "permessage-deflate";
  private static final String SERVER_WINDOW = "server_max_window_bits";
  private static final String ANSWER =
      NAME + "; server_no_context_takeover; client_no_context_takeover";

  private static final Pattern WINDOW_BITS = Pattern.compile("[89]|1[0-5]");

  /** One character of a token (RFC 9110, 5.6.2). */
  private static final String CHARACTER = "[!#$%&'*+.^_`|~0-9A-Za-z-]";

  private static final String TOKEN = CHARACTER + "+";

  /**
   * A quoted value, which must be a token without its quotes and backslashes (RFC 6455, 9.1).
   * Possessive: a group that is repeated otherwise takes a piece of the stack each time.
   */
  private static final String QUOTED = "\"((?:\\\\?" + CHARACTER + ")++)\"";

  private static final Pattern PARAMETER =
      Pattern.compile(
          "[ \\t]*;[ \\t]*(" + TOKEN + ")(?:[ \\t]*=[ \\t]*(?:(" + TOKEN + ")|" + QUOTED + "))?");

  private static final Pattern EXTENSION = Pattern.compile("[ \\t]*(" + TOKEN + ")");

  /** Between two extensions; elements of a list may be empty (RFC 9110, 5.6.1). */
  private static final Pattern SEPARATOR = Pattern.compile("[ \\t]*,[ \\t,]*");

  private PermessageDeflate() {}

  /**
   * Takes the first offer that can be taken.
   *
   * @param headers the values of {@code Sec-WebSocket-Extensions}, one for each line
   * @return the value for the response; empty if there is no such offer, which is no error
   * @throws IllegalArgumentException if a value does not follow the grammar; RFC 6455, 9.1 demands
   *     that the handshake fails then
   */
  static Optional<String> agree(Iterable<String> headers) {
    Optional<String> answer = Optional.empty();
    for (String header : headers) {
      for (Extension offer : extensions(header)) {
        if (answer.isEmpty()) {
          answer = answer(offer);
        }
      }
    }
    return answer;
  }

  private record Parameter(String name, Optional<String> value) {}

  private record Extension(String name, List<Parameter> parameters) {}

  private static List<Extension> extensions(String header) {
    List<Extension> extensions = new ArrayList<>();
    int at = end(SEPARATOR, header, 0);
    while (at < header.length()) {
      Matcher extension = EXTENSION.matcher(header).region(at, header.length());
      if (!extension.lookingAt()) {
        throw new IllegalArgumentException(header);
      }
      at = extension.end();
      List<Parameter> parameters = new ArrayList<>();
      Matcher parameter = PARAMETER.matcher(header).region(at, header.length());
      while (parameter.lookingAt()) {
        Optional<String> value =
            Optional.ofNullable(parameter.group(2))
                .or(() -> Optional.ofNullable(parameter.group(3)))
                .map(text -> text.replace("\\", ""));
        parameters.add(new Parameter(parameter.group(1), value));
        at = parameter.end();
        parameter.region(at, header.length());
      }
      extensions.add(new Extension(extension.group(1), parameters));
      int next = end(SEPARATOR, header, at);
      if (next == at && !header.substring(at).isBlank()) {
        throw new IllegalArgumentException(header);
      }
      at = next == at ? header.length() : next;
    }
    return extensions;
  }

  private static int end(Pattern pattern, String text, int from) {
    Matcher matcher = pattern.matcher(text).region(from, text.length());
    return matcher.lookingAt() ? matcher.end() : from;
  }

  /** Empty if the offer is to be declined: what is wrong in it makes all of it void (7.1). */
  private static Optional<String> answer(Extension offer) {
    if (!offer.name().equals(NAME)) {
      return Optional.empty();
    }
    Map<String, Optional<String>> parameters = new HashMap<>();
    for (Parameter parameter : offer.parameters()) {
      boolean twice = parameters.put(parameter.name(), parameter.value()) != null;
      if (twice || !isValid(parameter)) {
        return Optional.empty();
      }
    }
    // Any window will do for what is never compressed, but the demand has to be repeated.
    return Optional.of(
        parameters
            .getOrDefault(SERVER_WINDOW, Optional.empty())
            .map(bits -> ANSWER + "; " + SERVER_WINDOW + "=" + bits)
            .orElse(ANSWER));
  }

  private static boolean isValid(Parameter parameter) {
    Optional<Boolean> bits = parameter.value().map(value -> WINDOW_BITS.matcher(value).matches());
    return switch (parameter.name()) {
      case "server_no_context_takeover", "client_no_context_takeover" ->
          parameter.value().isEmpty();
      case SERVER_WINDOW -> bits.orElse(false);
      case "client_max_window_bits" -> bits.orElse(true);
      default -> false;
    };
  }
}
