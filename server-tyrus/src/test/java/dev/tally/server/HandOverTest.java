package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Replies that another thread releases, as with every store outside the process. */
class HandOverTest {

  private static final int CLIENTS = 50;
  private static final int MESSAGES = 200;

  @Test
  void sendsEveryReplyOnceAndInOrder() throws IOException {
    List<RawClient> clients = new ArrayList<>();
    try (RunningServer server = new RunningServer(new SharedMemory())) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(RawClient.open(server.port()));
      }
      for (int message = 0; message < MESSAGES; message++) {
        for (RawClient client : clients) {
          client.text("m" + message);
        }
      }
      for (RawClient client : clients) {
        for (int n = 1; n <= MESSAGES; n++) {
          assertThat(client.next().text()).isEqualTo("{\"count\": " + n + "}");
        }
        client.close();
      }
    }
  }

  @Test
  void tellsTheOlderConnectionThatItsSessionMovedOn() throws IOException {
    String target = "/ws/chat/?session_id=123e4567-e89b-42d3-a456-426614174001";
    try (RunningServer server = new RunningServer();
        RawClient old = RawClient.open(server.port(), target)) {
      old.text("one");
      assertThat(old.next().text()).isEqualTo("{\"count\": 1}");
      try (RawClient young = RawClient.open(server.port(), target)) {
        young.text("two");
        assertThat(young.next().text()).isEqualTo("{\"count\": 2}");
        assertThat(old.next().closeCode()).isEqualTo(4001);
        old.socket.shutdownOutput();
        assertThat(old.atEnd()).isTrue();
      }
    }
  }
}
