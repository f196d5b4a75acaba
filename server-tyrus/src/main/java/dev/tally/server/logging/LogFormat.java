package dev.tally.server.logging;

/** How log lines look. */
public enum LogFormat {
  /** {@link #TEXT} on a terminal, else {@link #JSON}. */
  AUTO,
  /** For people. */
  TEXT,
  /** One JSON object a line. */
  JSON
}
