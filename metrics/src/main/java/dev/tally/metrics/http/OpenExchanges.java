package dev.tally.metrics.http;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Map;

/** The open connections of a port, the oldest first. Used by the port's thread only. */
final class OpenExchanges {

  private final LinkedHashSet<HttpExchange> exchanges = new LinkedHashSet<>();
  private final int limit;

  OpenExchanges(int limit) {
    this.limit = limit;
  }

  void add(HttpExchange exchange) {
    exchanges.add(exchange);
  }

  boolean contains(HttpExchange exchange) {
    return exchanges.contains(exchange);
  }

  /** Ends a connection. */
  void end(HttpExchange exchange) {
    exchanges.remove(exchange);
    exchange.close();
  }

  void endAll() {
    exchanges.forEach(HttpExchange::close);
    exchanges.clear();
  }

  boolean isEmpty() {
    return exchanges.isEmpty();
  }

  boolean isFull() {
    return exchanges.size() >= limit;
  }

  /** The one that was accepted first: all have the same timeout, so it is also the next to end. */
  HttpExchange oldest() {
    return exchanges.iterator().next();
  }

  /**
   * The one to end if there is no place for another. It is of the address that has most of them, so
   * that a client which opens many connections loses its own. Unfinished requests go first: a probe
   * sends its request at once, and an attacker that holds connections does not.
   */
  HttpExchange victim() {
    Map<String, Long> counts =
        exchanges.stream().collect(groupingBy(HttpExchange::peer, counting()));
    long most = Collections.max(counts.values());
    return exchanges.stream()
        .filter(exchange -> counts.getOrDefault(exchange.peer(), 0L) == most)
        .min(Comparator.comparing(exchange -> !exchange.isUnfinished()))
        .orElseThrow();
  }
}
