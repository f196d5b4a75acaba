package dev.tally.metrics.http;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * A small HTTP server on one thread, which never waits for a client. The number of connections is
 * bounded. A new connection always gets in: if there is no place, an older one is ended, so no
 * client can lock out a probe by holding connections.
 *
 * <p>The constructor binds the port; requests are answered from {@link #run} until {@link #close}.
 * Except for {@code run}, methods are safe for use by several threads.
 */
public final class HttpPort implements Runnable, AutoCloseable {

  private static final Logger LOGGER = System.getLogger(HttpPort.class.getName());

  /**
   * Connections that are accepted before the others get their turn. With more, a flood of new
   * connections could end one before its request was read.
   */
  private static final int ACCEPTED_AT_ONCE = 8;

  /**
   * The kernel's queue of new connections. The kernel lowers it to its own limit. If it is full, a
   * client's SYN is dropped and the client tries again after a second, which is late for a probe.
   */
  private static final int BACKLOG = 4096;

  /** After an error of the system, such as no free file descriptor: do not retry in a loop. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Selector selector = Selector.open();
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Function<HttpRequest, CompletableFuture<HttpAnswer>> handler;
  private final HeadLimits limits;
  private final long timeoutNanos;

  private final OpenExchanges exchanges;

  /** Exchanges whose late answer is ready; other threads add to it. At most one per connection. */
  private final ConcurrentLinkedQueue<Runnable> answered = new ConcurrentLinkedQueue<>();

  private final AtomicLong evicted = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  /**
   * Binds the port.
   *
   * @param address where to listen; port 0 picks a free one
   * @param handler makes the answer; called by the thread in {@link #run}, so it must not block
   * @param limits how large the head of a request may be
   * @param maxConnections the maximum number of connections at a time, 1 or more
   * @param timeout the maximum time from an accepted connection until its answer has been read
   * @throws IOException if the address cannot be bound
   */
  public HttpPort(
      InetSocketAddress address,
      Function<HttpRequest, CompletableFuture<HttpAnswer>> handler,
      HeadLimits limits,
      int maxConnections,
      Duration timeout)
      throws IOException {
    this.handler = handler;
    this.limits = limits;
    this.exchanges = new OpenExchanges(maxConnections);
    this.timeoutNanos = timeout.toNanos();
    try {
      listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      listener.bind(address, BACKLOG);
      listener.configureBlocking(false);
      listener.register(selector, SelectionKey.OP_ACCEPT);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /**
   * The number of the port.
   *
   * @return never 0
   */
  public int number() {
    return listener.socket().getLocalPort();
  }

  /**
   * Connections that were ended to make room for new ones.
   *
   * @return how many since the start
   */
  public long evicted() {
    return evicted.get();
  }

  /**
   * Requests that were answered with a refusal, or that did not arrive completely in time.
   *
   * @return how many since the start
   */
  public long refused() {
    return refused.get();
  }

  private void refused(HttpExchange exchange, String why) {
    refused.incrementAndGet();
    LOGGER.log(Level.DEBUG, () -> "refused a request from " + exchange.peer() + ": " + why);
  }

  /** Ends {@link #run} and all connections soon; later calls do nothing. */
  @Override
  public void close() {
    try (selector) {
      listener.close();
    } catch (IOException e) {
      // The socket is unusable either way.
    }
  }

  /** Answers requests until {@link #close} is called. To be called once. */
  @Override
  public void run() {
    try {
      while (selector.isOpen()) {
        try {
          serve();
        } catch (IOException e) {
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
    } catch (RuntimeException e) {
      // close() may be called by another thread at any moment; then keys and selector throw.
      if (selector.isOpen()) {
        throw e;
      }
    } finally {
      exchanges.endAll();
    }
  }

  private void serve() throws IOException {
    selector.select(millisToNextTimeout());
    for (Runnable task = answered.poll(); task != null; task = answered.poll()) {
      task.run();
    }
    boolean newConnections = false;
    for (SelectionKey key : selector.selectedKeys()) {
      if (key.attachment() instanceof HttpExchange exchange) {
        serve(exchange);
      } else {
        newConnections = true;
      }
    }
    selector.selectedKeys().clear();
    long now = System.nanoTime();
    while (!exchanges.isEmpty() && now - exchanges.oldest().startNanos() >= timeoutNanos) {
      HttpExchange late = exchanges.oldest();
      if (late.isUnfinished()) {
        refused(late, "it did not arrive completely in time");
      }
      exchanges.end(late);
    }
    if (newConnections) {
      accept();
    }
  }

  private long millisToNextTimeout() {
    if (exchanges.isEmpty()) {
      return 0;
    }
    long left = timeoutNanos - (System.nanoTime() - exchanges.oldest().startNanos());
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(left) + 1);
  }

  private void accept() throws IOException {
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
      SocketChannel channel = listener.accept();
      if (channel == null) {
        return;
      }
      if (exchanges.isFull()) {
        HttpExchange victim = exchanges.victim();
        LOGGER.log(Level.DEBUG, () -> "ended a connection of " + victim.peer() + " to make room");
        exchanges.end(victim);
        evicted.incrementAndGet();
      }
      HttpExchange exchange =
          new HttpExchange(channel, limits, handler, this::refused, this::serveLater);
      exchanges.add(exchange);
      try {
        exchange.register(selector);
        serve(exchange);
      } catch (IOException e) {
        exchanges.end(exchange);
      }
    }
  }

  private void serve(HttpExchange exchange) {
    try {
      if (!exchange.serve()) {
        exchanges.end(exchange);
      }
    } catch (IOException e) {
      exchanges.end(exchange);
    }
  }

  /** Has an exchange served whose answer is ready. Called by any thread. */
  private void serveLater(HttpExchange exchange) {
    answered.add(
        () -> {
          if (exchanges.contains(exchange)) {
            serve(exchange);
          }
        });
    selector.wakeup();
  }
}
