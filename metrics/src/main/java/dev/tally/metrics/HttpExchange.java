package dev.tally.metrics;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection with one request and its answer, in steps that never wait. For the port's thread.
 */
final class HttpExchange {

  private static final int FIRST_BYTES = 512;
  private static final int MAX_HEAD_BYTES = 8 * 1024;

  /**
   * A request without its body.
   *
   * @param query what stands behind the question mark; may be empty
   * @param headers by their names in lower case
   */
  record Request(String method, String path, String query, Map<String, String> headers) {

    /** The header's value; empty if there is none. */
    String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  /**
   * What comes back.
   *
   * @param status the status line's code and phrase
   * @param type the media type
   * @param header one more header line without line end; may be empty
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Answer(String status, String type, String header, byte[] body) {

    static Answer text(String status, String sentence) {
      return new Answer(status, "text/plain; charset=utf-8", "", (sentence + "\n").getBytes(UTF_8));
    }
  }

  private final SocketChannel channel;
  private final Function<Request, CompletableFuture<Answer>> handler;
  private final Consumer<HttpExchange> onAnswer;
  private final String peer;
  private final long startNanos = System.nanoTime();
  private ByteBuffer head = ByteBuffer.allocate(FIRST_BYTES);
  private boolean withBody = true;
  private @Nullable SelectionKey key;
  private @Nullable CompletableFuture<Answer> answer;
  private @Nullable ByteBuffer output;

  /**
   * Takes a connection that was accepted.
   *
   * @param handler answers; must not block
   * @param onAnswer told from any thread that {@link #serve} has something to do
   */
  HttpExchange(
      SocketChannel channel,
      Function<Request, CompletableFuture<Answer>> handler,
      Consumer<HttpExchange> onAnswer) {
    this.channel = channel;
    this.handler = handler;
    this.onAnswer = onAnswer;
    this.peer =
        ((InetSocketAddress) channel.socket().getRemoteSocketAddress())
            .getAddress()
            .getHostAddress();
  }

  void register(Selector selector) throws IOException {
    channel.configureBlocking(false);
    key = channel.register(selector, SelectionKey.OP_READ, this);
  }

  String peer() {
    return peer;
  }

  long startNanos() {
    return startNanos;
  }

  /** Whether the request has not come in whole. */
  boolean isUnfinished() {
    return answer == null;
  }

  void close() {
    if (answer != null) {
      answer.cancel(false);
    }
    try {
      channel.close();
    } catch (IOException e) {
      // It is gone.
    }
  }

  /** Goes on as far as it can; false at the end. */
  boolean serve() throws IOException {
    if (answer == null) {
      return read();
    }
    if (output == null) {
      if (!answer.isDone()) {
        // What comes behind the request is of no interest; without this it would be reported for
        // ever.
        interest(0);
        return true;
      }
      output = encode(result(answer));
    }
    if (output.hasRemaining()) {
      channel.write(output);
      if (output.hasRemaining()) {
        interest(SelectionKey.OP_WRITE);
        return true;
      }
      channel.shutdownOutput();
      interest(SelectionKey.OP_READ);
    }
    // With input left unread the system would reset the connection, and the answer might be lost.
    head.clear();
    int count = channel.read(head);
    while (count > 0) {
      count = channel.read(head.clear());
    }
    return count == 0;
  }

  private void interest(int operations) {
    if (key != null) {
      key.interestOps(operations);
    }
  }

  private boolean read() throws IOException {
    int count = channel.read(head);
    if (count < 0) {
      return false;
    }
    String text = new String(head.array(), 0, head.position(), ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      answer = answerTo(text.substring(0, end));
      if (!answer.isDone()) {
        CompletableFuture<Answer> unused =
            answer.whenComplete((result, failure) -> onAnswer.accept(this));
      }
    } else if (head.position() >= MAX_HEAD_BYTES) {
      answer =
          CompletableFuture.completedFuture(
              Answer.text(
                  "431 Request Header Fields Too Large",
                  "A request has " + MAX_HEAD_BYTES + " bytes at the most here."));
    } else {
      if (!head.hasRemaining()) {
        head = ByteBuffer.allocate(2 * head.capacity()).put(head.flip());
        return read();
      }
      return true;
    }
    return serve();
  }

  private CompletableFuture<Answer> answerTo(String text) {
    String[] lines = text.split("\r\n", -1);
    String[] first = lines[0].split(" ", -1);
    if (first.length != 3 || !first[1].startsWith("/") || !first[2].startsWith("HTTP/1.")) {
      return CompletableFuture.completedFuture(
          Answer.text("400 Bad Request", "This is no request of HTTP/1."));
    }
    withBody = !first[0].equals("HEAD");
    Map<String, String> headers = new HashMap<>();
    for (int i = 1; i < lines.length; i++) {
      int colon = Math.max(0, lines[i].indexOf(':'));
      headers.put(
          lines[i].substring(0, colon).toLowerCase(Locale.ROOT),
          lines[i].substring(Math.min(lines[i].length(), colon + 1)).strip());
    }
    int query = first[1].indexOf('?');
    String path = query < 0 ? first[1] : first[1].substring(0, query);
    Request request =
        new Request(first[0], path, query < 0 ? "" : first[1].substring(query + 1), headers);
    try {
      return handler.apply(request);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static Answer result(CompletableFuture<Answer> answer) {
    return answer
        .exceptionally(e -> Answer.text("500 Internal Server Error", "This failed: " + e))
        .join();
  }

  private ByteBuffer encode(Answer answer) {
    byte[] start =
        ("HTTP/1.1 "
                + answer.status()
                + "\r\nContent-Type: "
                + answer.type()
                + "\r\nContent-Length: "
                + answer.body().length
                + (answer.header().isEmpty() ? "" : "\r\n" + answer.header())
                + "\r\nConnection: close\r\nDate: "
                + DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC))
                + "\r\n\r\n")
            .getBytes(ISO_8859_1);
    int size = start.length + (withBody ? answer.body().length : 0);
    ByteBuffer bytes = ByteBuffer.allocate(size).put(start);
    return (withBody ? bytes.put(answer.body()) : bytes).flip();
  }
}
