/** Prometheus metrics and the admin port. */
module dev.tally.metrics {
  requires static org.jspecify;
  requires transitive dev.tally.chat;
  requires transitive simpleclient;
  requires simpleclient.hotspot;
  requires simpleclient.common;

  exports dev.tally.metrics;
  exports dev.tally.metrics.http;
}
