package dev.tally.server.handshake;

import dev.tally.server.http.HttpRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The parameters of a request's query. */
final class Query {

  private Query() {}

  /** The values of a parameter, not decoded. Its name may be percent-encoded in the query. */
  static List<String> values(HttpRequest request, String wanted) {
    String query = request.query();
    if (query == null) {
      return List.of();
    }
    List<String> values = new ArrayList<>(1);
    for (String parameter : query.split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = equals < 0 ? parameter : parameter.substring(0, equals);
      if (name.equals(wanted) || decoded(name).equals(wanted)) {
        values.add(equals < 0 ? "" : parameter.substring(equals + 1));
      }
    }
    return values;
  }

  private static String decoded(String name) {
    try {
      return URLDecoder.decode(name, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return name;
    }
  }
}
