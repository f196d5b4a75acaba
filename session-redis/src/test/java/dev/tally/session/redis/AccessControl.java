package dev.tally.session.redis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The rules for Redis's access control list that docs/operations/redis.md tells users to set. */
final class AccessControl {

  private static final Pattern COMMAND = Pattern.compile("(?m)^ACL SETUSER (.+)$");

  private AccessControl() {}

  /** What every server is told of the user "tally" with the password "secret". */
  static String user() throws IOException {
    return documented().get(0);
  }

  /** What the nodes of a Cluster are told of it, too. */
  static String userOfCluster() throws IOException {
    return documented().get(1);
  }

  private static List<String> documented() throws IOException {
    return COMMAND
        .matcher(Files.readString(Path.of("../docs/operations/redis.md")))
        .results()
        .map((MatchResult command) -> command.group(1))
        .toList();
  }
}
