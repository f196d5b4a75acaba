package dev.tally.chat.testing;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.spi.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Keeps what was sent, in order, for tests to look at. Safe for use by several threads. */
public final class CapturingTransport implements Transport {

  private static final Pattern COUNT = Pattern.compile("\\{\"count\": (\\d+)}");

  /**
   * How the server closed the connection.
   *
   * @param code the status code
   * @param reason the reason
   */
  public record Close(CloseCode code, String reason) {}

  private final List<String> frames = new ArrayList<>();
  private final List<OptionalLong> ends = new ArrayList<>();
  private Optional<Close> close = Optional.empty();

  @Override
  public synchronized void send(Reply reply) {
    if (close.isEmpty()) {
      frames.add(reply.text());
    }
  }

  @Override
  public synchronized void close(CloseCode code, String reason) {
    if (close.isEmpty()) {
      close = Optional.of(new Close(code, reason));
    }
  }

  @Override
  public synchronized void closed(int code, OptionalLong count, Duration duration) {
    ends.add(count);
  }

  /**
   * The counts that the session reported at the ends of its connections.
   *
   * @return a copy
   */
  public synchronized List<OptionalLong> countsAtTheEnd() {
    return List.copyOf(ends);
  }

  /**
   * Every text frame so far.
   *
   * @return a copy
   */
  public synchronized List<String> frames() {
    return List.copyOf(frames);
  }

  /**
   * The numbers of the acknowledgements so far, in order.
   *
   * @return a copy
   */
  public synchronized List<Long> counts() {
    return frames.stream()
        .map(COUNT::matcher)
        .filter(Matcher::matches)
        .map(count -> Long.valueOf(count.group(1)))
        .toList();
  }

  /**
   * How the server closed the connection, if it did.
   *
   * @return the first close
   */
  public synchronized Optional<Close> closed() {
    return close;
  }
}
