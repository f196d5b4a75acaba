package dev.tally.metrics;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import dev.tally.metrics.HttpExchange.Answer;
import dev.tally.metrics.HttpExchange.Request;
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
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * HTTP on one thread, which waits for no client. A bounded number of connections is open, and a
 * newcomer always gets in. Serves from {@link #run} until {@link #close}.
 */
final class HttpPort implements Runnable, AutoCloseable {

  private static final Logger LOGGER = System.getLogger(HttpPort.class.getName());

  /** Then those that were accepted have their turn: none is ended before it could ask. */
  private static final int ACCEPTED_AT_ONCE = 8;

  /** As many as the system allows: a connection that finds no place tries again after a second. */
  private static final int BACKLOG = 4096;

  /** After a failure of the system, such as no file descriptor left. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Selector selector = Selector.open();
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Function<Request, CompletableFuture<Answer>> handler;
  private final RequestHead.Limits limits;
  private final int maxConnections;
  private final long timeoutNanos;

  /** The oldest first. */
  private final LinkedHashSet<HttpExchange> exchanges = new LinkedHashSet<>();

  private final ConcurrentLinkedQueue<Runnable> answered = new ConcurrentLinkedQueue<>();
  private final AtomicLong evicted = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  HttpPort(
      InetSocketAddress address,
      Function<Request, CompletableFuture<Answer>> handler,
      RequestHead.Limits limits,
      int maxConnections,
      Duration timeout)
      throws IOException {
    this.handler = handler;
    this.limits = limits;
    this.maxConnections = maxConnections;
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

  int number() {
    return listener.socket().getLocalPort();
  }

  /** How many connections were ended for newcomers. */
  long evicted() {
    return evicted.get();
  }

  /** How many requests were refused. */
  long refused() {
    return refused.get();
  }

  private void refused(HttpExchange exchange, String why) {
    refused.incrementAndGet();
    LOGGER.log(Level.DEBUG, () -> "refused a request from " + exchange.peer() + ": " + why);
  }

  @Override
  public void close() {
    try (selector) {
      listener.close();
    } catch (IOException e) {
      // Nothing is left to be done about it.
    }
  }

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
      // Where the port is closed meanwhile, keys and selector fail in several ways: the end.
      if (selector.isOpen()) {
        throw e;
      }
    } finally {
      exchanges.forEach(HttpExchange::close);
    }
  }

  private void serve() throws IOException {
    selector.select(millisToTheNextTimeout());
    for (Runnable task = answered.poll(); task != null; task = answered.poll()) {
      task.run();
    }
    boolean newcomers = false;
    for (SelectionKey key : selector.selectedKeys()) {
      if (key.attachment() instanceof HttpExchange exchange) {
        serve(exchange);
      } else {
        newcomers = true;
      }
    }
    selector.selectedKeys().clear();
    long now = System.nanoTime();
    while (!exchanges.isEmpty() && now - oldest().startNanos() >= timeoutNanos) {
      HttpExchange late = oldest();
      if (late.isUnfinished()) {
        refused(late, "it did not come in whole in time");
      }
      end(late);
    }
    if (newcomers) {
      accept();
    }
  }

  private long millisToTheNextTimeout() {
    if (exchanges.isEmpty()) {
      return 0;
    }
    long left = timeoutNanos - (System.nanoTime() - oldest().startNanos());
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(left) + 1);
  }

  private HttpExchange oldest() {
    return exchanges.iterator().next();
  }

  private void accept() throws IOException {
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
      SocketChannel channel = listener.accept();
      if (channel == null) {
        return;
      }
      if (exchanges.size() >= maxConnections) {
        HttpExchange victim = victim();
        LOGGER.log(Level.DEBUG, () -> "ended a connection of " + victim.peer() + " for another");
        end(victim);
        evicted.incrementAndGet();
      }
      HttpExchange exchange =
          new HttpExchange(channel, limits, handler, this::refused, this::later);
      exchanges.add(exchange);
      try {
        exchange.register(selector);
        serve(exchange);
      } catch (IOException e) {
        end(exchange);
      }
    }
  }

  /** Of the address that has the most the oldest whose request is unfinished, if there is one. */
  private HttpExchange victim() {
    Map<String, Long> counts =
        exchanges.stream().collect(groupingBy(HttpExchange::peer, counting()));
    long most = Collections.max(counts.values());
    return exchanges.stream()
        .filter(exchange -> counts.getOrDefault(exchange.peer(), 0L) == most)
        .min(Comparator.comparing(exchange -> !exchange.isUnfinished()))
        .orElseThrow();
  }

  private void serve(HttpExchange exchange) {
    try {
      if (!exchange.serve()) {
        end(exchange);
      }
    } catch (IOException e) {
      end(exchange);
    }
  }

  private void end(HttpExchange exchange) {
    exchanges.remove(exchange);
    exchange.close();
  }

  /** Lets an exchange whose answer came have its turn. From any thread. */
  private void later(HttpExchange exchange) {
    answered.add(
        () -> {
          if (exchanges.contains(exchange)) {
            serve(exchange);
          }
        });
    selector.wakeup();
  }
}
