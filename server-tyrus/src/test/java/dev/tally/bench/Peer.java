package dev.tally.bench;

import java.util.List;

/**
 * A server to measure.
 *
 * @param name as the tables have it
 * @param command how to start it; {@code {port}} stands for the port
 */
record Peer(String name, List<String> command) {

  List<String> command(int port) {
    return command.stream().map(word -> word.replace("{port}", "" + port)).toList();
  }
}
