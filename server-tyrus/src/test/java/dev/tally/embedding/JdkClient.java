package dev.tally.embedding;

import static dev.tally.chat.testing.Patience.await;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A client of another make than ours: the JDK's. Keeps what it got. */
final class JdkClient implements WebSocket.Listener {

  private final List<String> texts = new CopyOnWriteArrayList<>();
  private final StringBuilder part = new StringBuilder();
  private volatile int closeCode;
  private @Nullable WebSocket socket;

  static JdkClient open(int port, String query, String subprotocol) {
    return open(port, query, subprotocol, HttpClient.newHttpClient().newWebSocketBuilder());
  }

  /** With a password, as a browser sends it (RFC 7617). */
  static JdkClient open(int port, String query, String subprotocol, String user, String password) {
    byte[] both = (user + ":" + password).getBytes(UTF_8);
    return open(
        port,
        query,
        subprotocol,
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(both)));
  }

  private static JdkClient open(
      int port, String query, String subprotocol, WebSocket.Builder builder) {
    JdkClient client = new JdkClient();
    if (!subprotocol.isEmpty()) {
      builder.subprotocols(subprotocol);
    }
    URI uri = URI.create("ws://127.0.0.1:" + port + "/ws/chat/" + query);
    client.socket = builder.buildAsync(uri, client).join();
    return client;
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    part.append(data);
    if (last) {
      texts.add(part.toString());
      part.setLength(0);
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    closeCode = code;
    return null;
  }

  private WebSocket socket() {
    if (socket == null) {
      throw new IllegalStateException("not open");
    }
    return socket;
  }

  void send(String text) {
    socket().sendText(text, true).join();
  }

  void send(ByteBuffer payload) {
    socket().sendBinary(payload, true).join();
  }

  void close() {
    socket().sendClose(WebSocket.NORMAL_CLOSURE, "").join();
  }

  List<String> texts() {
    return texts;
  }

  void awaitTexts(String... expected) {
    await().until(() -> texts.equals(List.of(expected)));
  }

  /** 0 until the server closed. */
  int closeCode() {
    return closeCode;
  }
}
