package dev.tally.server;

import java.io.PrintWriter;

/** Puts the server together, runs it until a signal, and takes it down in order. */
final class Launcher {

  private final ServerConfig config;
  private final PrintWriter err;

  Launcher(ServerConfig config, PrintWriter err) {
    this.config = config;
    this.err = err;
  }

  int run() {
    err.println("no server yet on port " + config.port);
    return 1;
  }
}
