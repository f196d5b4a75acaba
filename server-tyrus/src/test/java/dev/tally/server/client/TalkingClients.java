package dev.tally.server.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Clients that say something else each time, and send again what was not counted. One thread calls
 * everything here.
 */
public final class TalkingClients implements AutoCloseable {

  private static final int MAX_UNACKNOWLEDGED = 200;

  private static final Observer SILENT =
      new Observer() {
        @Override
        public void counted(long number) {}

        @Override
        public void connected(String sessionId, long count, boolean resumed) {}
      };

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).executor(Runnable::run).build();
  private final ScheduledExecutorService loop = ChatClient.loop();
  private final List<Talker> talkers = new ArrayList<>();
  private final Random random;

  private record Talker(ChatClient client, Said said) {}

  /**
   * What one client said.
   *
   * @param session its session
   * @param texts what it sent, in order
   */
  public record Said(String session, List<String> texts) {}

  /**
   * Connects; does not wait until all are connected.
   *
   * @param uri the server's
   * @param clients how many
   * @param seed decides what they say
   */
  public TalkingClients(URI uri, int clients, long seed) {
    random = new Random(seed);
    for (int i = 0; i < clients; i++) {
      String session = new UUID(random.nextLong(), random.nextLong()).toString();
      ClientSettings settings =
          new ClientSettings(
              uri,
              Optional.of(session),
              MAX_UNACKNOWLEDGED,
              Duration.ofMinutes(10),
              Duration.ofSeconds(5),
              Duration.ofSeconds(30),
              Duration.ofSeconds(2));
      ChatClient client = new ChatClient(settings, SILENT, http, loop);
      talkers.add(new Talker(client, new Said(session, new ArrayList<>())));
      client.start();
    }
  }

  /** Each says one thing. Waits while too much of one client is not counted. */
  public void speak() throws InterruptedException {
    for (Talker talker : talkers) {
      List<String> texts = talker.said().texts();
      String text =
          (texts.size() + 1) + " " + "tally \u00fc\u20ac\ud83d\ude80 ".repeat(random.nextInt(8));
      texts.add(text);
      if (!talker.client().send(text)) {
        throw new IllegalStateException("gave up: " + talker.client().outcome().join());
      }
    }
  }

  /**
   * Sends no more, and waits until everything is counted.
   *
   * @param patience how long to wait for one client at most
   * @return what each client said
   * @throws IllegalStateException if one does not end, or sees a count twice or not at all
   */
  public List<Said> finish(Duration patience) throws Exception {
    talkers.forEach(talker -> talker.client().finish());
    for (Talker talker : talkers) {
      ClientReport report = talker.client().outcome().get(patience.toSeconds(), TimeUnit.SECONDS);
      if (!report.isClean()) {
        throw new IllegalStateException(report.toString());
      }
    }
    return talkers.stream().map(Talker::said).toList();
  }

  @Override
  public void close() {
    loop.shutdownNow();
  }
}
