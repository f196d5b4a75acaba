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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection with one request and its answer, in steps that never wait. For the port's thread.
 */
final class HttpExchange {

  /** The type of sentences, and of nothing else here. */
  static final String TEXT = "text/plain; charset=utf-8";

  private static final int FIRST_BYTES = 512;

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

    /** Whether it says why there is no other answer. */
    boolean isRefusal() {
      return type.equals(TEXT);
    }

    static Answer text(String status, String sentence) {
      return new Answer(status, TEXT, "", (sentence + "\n").getBytes(UTF_8));
    }
  }

  private final SocketChannel channel;
  private final Function<Request, CompletableFuture<Answer>> handler;
  private final BiConsumer<HttpExchange, String> onRefusal;
  private final Consumer<HttpExchange> onAnswer;
  private final String peer;
  private final long startNanos = System.nanoTime();
  private final RequestHead check;
  private ByteBuffer head = ByteBuffer.allocate(FIRST_BYTES);
  private @Nullable SelectionKey key;
  private @Nullable CompletableFuture<Answer> answer;
  private @Nullable ByteBuffer output;

  /**
   * Takes a connection that was accepted.
   *
   * @param limits of the request
   * @param handler answers; must not block
   * @param onRefusal told why a request is refused
   * @param onAnswer told from any thread that {@link #serve} has something to do
   */
  HttpExchange(
      SocketChannel channel,
      RequestHead.Limits limits,
      Function<Request, CompletableFuture<Answer>> handler,
      BiConsumer<HttpExchange, String> onRefusal,
      Consumer<HttpExchange> onAnswer) {
    this.channel = channel;
    this.check = new RequestHead(limits);
    this.handler = handler;
    this.onRefusal = onRefusal;
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
      Answer result = result(answer);
      if (result.isRefusal()) {
        onRefusal.accept(this, new String(result.body(), UTF_8).strip());
      }
      output = encode(result);
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
    int start = head.position();
    int count = channel.read(head);
    if (count < 0) {
      return false;
    }
    for (int i = start; i < head.position(); i++) {
      if (check.accept(head.get(i))) {
        answer(new String(head.array(), 0, i + 1, ISO_8859_1));
        return serve();
      }
    }
    if (!head.hasRemaining()) {
      head = ByteBuffer.allocate(2 * head.capacity()).put(head.flip());
      return read();
    }
    return true;
  }

  private void answer(String text) {
    Optional<RequestHead.Fault> fault = check.fault();
    answer =
        fault.isPresent()
            ? CompletableFuture.completedFuture(
                Answer.text(fault.get().status(), fault.get().sentence()))
            : answerTo(text.strip());
    if (!answer.isDone()) {
      CompletableFuture<Answer> unused =
          answer.whenComplete((result, failure) -> onAnswer.accept(this));
    }
  }

  private CompletableFuture<Answer> answerTo(String text) {
    String[] lines = text.split("\r\n", -1);
    String[] first = lines[0].split(" ", -1);
    Map<String, String> headers = new HashMap<>();
    for (int i = 1; i < lines.length; i++) {
      int colon = Math.max(0, lines[i].indexOf(':'));
      headers.put(
          lines[i].substring(0, colon).toLowerCase(Locale.ROOT),
          lines[i].substring(Math.min(lines[i].length(), colon + 1)).strip());
    }
    String target = RequestHead.originForm(first[1]);
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    Request request =
        new Request(first[0], path, query < 0 ? "" : target.substring(query + 1), headers);
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
    int size = start.length + (check.isHead() ? 0 : answer.body().length);
    ByteBuffer bytes = ByteBuffer.allocate(size).put(start);
    return (check.isHead() ? bytes : bytes.put(answer.body())).flip();
  }
}
