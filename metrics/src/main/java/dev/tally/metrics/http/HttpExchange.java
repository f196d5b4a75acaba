package dev.tally.metrics.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection with one request and its answer. {@link #serve} is called whenever the connection
 * can be read or written, or its answer is ready; it never waits. Used by the port's thread only.
 */
final class HttpExchange {

  /** Enough for a probe or a scrape; the buffer doubles up to {@link HeadLimits#bytes}. */
  private static final int FIRST_BYTES = 512;

  private final SocketChannel channel;
  private final Function<HttpRequest, CompletableFuture<HttpAnswer>> handler;
  private final BiConsumer<HttpExchange, String> onRefusal;
  private final Consumer<HttpExchange> onAnswer;
  private final String peer;
  private final long startNanos = System.nanoTime();
  private final RequestHead head;

  /** The head as it comes in; afterwards the place for input that is thrown away. */
  private ByteBuffer input = ByteBuffer.allocate(FIRST_BYTES);

  private @Nullable SelectionKey key;

  /** Set once the head is complete. */
  private @Nullable CompletableFuture<HttpAnswer> answer;

  /** Set once the answer is ready. */
  private @Nullable ByteBuffer output;

  /**
   * Starts with a connection that was accepted.
   *
   * @param handler makes the answer; must not block
   * @param onRefusal called with the reason if the request is refused
   * @param onAnswer called, by any thread, when an answer that was late is ready to be sent
   */
  HttpExchange(
      SocketChannel channel,
      HeadLimits limits,
      Function<HttpRequest, CompletableFuture<HttpAnswer>> handler,
      BiConsumer<HttpExchange, String> onRefusal,
      Consumer<HttpExchange> onAnswer) {
    this.channel = channel;
    this.head = new RequestHead(limits);
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

  /** Whether a part of the request is still missing. */
  boolean isUnfinished() {
    return answer == null;
  }

  void close() {
    // A scrape that still waits for its turn is then skipped.
    if (answer != null) {
      answer.cancel(false);
    }
    try {
      channel.close();
    } catch (IOException e) {
      // The connection is gone either way.
    }
  }

  /**
   * Reads or writes as much as is possible without waiting.
   *
   * @return false if the exchange is over
   */
  boolean serve() throws IOException {
    if (answer == null) {
      return read();
    }
    if (output == null) {
      if (!answer.isDone()) {
        // Without this, bytes behind the request would wake the selector again and again.
        interest(0);
        return true;
      }
      HttpAnswer ready = result(answer);
      if (ready.isRefusal()) {
        onRefusal.accept(this, ready.sentence());
      }
      output = ready.encode(!head.isHead());
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
    return discardInput();
  }

  /**
   * Waits for the client to close first. If the server closed while there is unread input, the
   * operating system would reset the connection, and the client might lose the answer.
   */
  private boolean discardInput() throws IOException {
    int count = channel.read(input.clear());
    while (count > 0) {
      count = channel.read(input.clear());
    }
    return count == 0;
  }

  private void interest(int operations) {
    if (key != null) {
      key.interestOps(operations);
    }
  }

  private boolean read() throws IOException {
    int start = input.position();
    int count = channel.read(input);
    if (count < 0) {
      return false;
    }
    // What follows the head is ignored: a connection is for one request.
    for (int i = start; i < input.position(); i++) {
      if (head.accept(input.get(i))) {
        answer(new String(input.array(), 0, i + 1, ISO_8859_1));
        return serve();
      }
    }
    if (!input.hasRemaining()) {
      input = ByteBuffer.allocate(2 * input.capacity()).put(input.flip());
      return read();
    }
    return true;
  }

  private void answer(String text) {
    Optional<HeadFault> fault = head.fault();
    answer =
        fault.isPresent()
            ? CompletableFuture.completedFuture(
                HttpAnswer.refusal(fault.get().status(), "", fault.get().sentence()))
            : answerTo(text);
    if (!answer.isDone()) {
      CompletableFuture<HttpAnswer> unused =
          answer.whenComplete((result, failure) -> onAnswer.accept(this));
    }
  }

  private CompletableFuture<HttpAnswer> answerTo(String text) {
    try {
      return handler.apply(HttpRequest.parse(text.strip()));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static HttpAnswer result(CompletableFuture<HttpAnswer> answer) {
    return answer
        .exceptionally(
            e -> HttpAnswer.refusal("500 Internal Server Error", "", "This request failed: " + e))
        .join();
  }
}
