package dev.tally.server.grizzly;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.server.handshake.ClientAddress;
import dev.tally.server.handshake.ConnectionLimits;
import dev.tally.server.handshake.Refusal;
import dev.tally.server.http.HttpAnswer;
import dev.tally.server.websocket.BufferBudget;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.nio.NIOConnection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets that are not, or not yet, WebSockets: handshakes under way and plain HTTP. A new one
 * is always taken. If there is no room for it, the address that has the most of these sockets loses
 * the one that has been silent for longest. So no client can keep others out by holding sockets.
 *
 * <p>It also ends sockets that take too long for their next request or for reading its answer.
 * Grizzly's idle timeout filter would do that too, but it keeps references to upgraded connections.
 *
 * <p>Safe for concurrent use.
 */
final class HttpSockets {

  private static final Logger LOGGER = LoggerFactory.getLogger(HttpSockets.class);

  /** The sockets of one network, the one that has been silent for the longest first. */
  private static final class Group {
    final LinkedHashSet<HttpSocket> sockets = new LinkedHashSet<>();

    HttpSocket oldest() {
      return sockets.iterator().next();
    }
  }

  private static final Comparator<Group> LARGEST_FIRST =
      Comparator.<Group>comparingInt(group -> -group.sockets.size())
          .thenComparingLong(group -> group.oldest().turn);

  private final Map<Connection<?>, HttpSocket> sockets = new HashMap<>();
  private final Map<String, Group> groups = new HashMap<>();
  private final TreeSet<Group> largestFirst = new TreeSet<>(LARGEST_FIRST);
  private final WebSocketSettings settings;
  private final ConnectionLimits webSockets;
  private final ChatMetrics metrics;
  private final ClientAddress addresses;
  private final MonotonicClock time;
  private final BufferBudget budget;
  private long turns;

  /**
   * Makes it with no sockets.
   *
   * @param webSockets how many sockets are taken by WebSockets
   * @param budget bounds unfinished heads and answers that wait, all sockets together
   */
  HttpSockets(
      WebSocketSettings settings,
      ConnectionLimits webSockets,
      BufferBudget budget,
      ChatMetrics metrics,
      MonotonicClock time) {
    this.settings = settings;
    this.webSockets = webSockets;
    this.addresses = new ClientAddress(settings.trustedProxies());
    this.budget = budget;
    this.metrics = metrics;
    this.time = time;
  }

  /**
   * Takes a new connection in, and ends another one if there is no room for both.
   *
   * @param peer the IP address that it comes from
   */
  void accept(NIOConnection connection, String peer) {
    HttpSocket socket =
        new HttpSocket(connection, ClientAddress.network(peer), settings.headLimits(), budget);
    HttpSocket ended;
    synchronized (this) {
      sockets.put(connection, socket);
      ended = oneTooMany(peer, enter(socket));
      if (ended != null) {
        remove(ended);
      }
    }
    if (ended != null) {
      refused(ended, "evicted", "another connection needed its place");
      ended.connection.terminateSilently();
    }
  }

  private @Nullable HttpSocket oneTooMany(String peer, Group mine) {
    long most = (long) settings.maxConnections() + settings.spareConnections();
    if (sockets.size() + webSockets.connections() > most) {
      return largestFirst.first().oldest();
    }
    int mostOfAddress = settings.maxConnectionsPerAddress();
    return mostOfAddress > 0 && mine.sockets.size() > mostOfAddress && !addresses.isProxy(peer)
        ? mine.oldest()
        : null;
  }

  /** The connection's socket, or null if it was ended. For its selector's thread. */
  synchronized @Nullable HttpSocket get(Connection<?> connection) {
    return sockets.get(connection);
  }

  /** A complete head came; one that trickles in does not count. */
  synchronized void requestCame(HttpSocket socket) {
    socket.endHead();
    if (sockets.containsKey(socket.connection)) {
      leave(socket);
      socket.first = false;
      socket.idle = true;
      enter(socket);
    }
  }

  /** A part of a request came. */
  synchronized void requestBegan(HttpSocket socket) {
    if (socket.idle) {
      socket.idle = false;
      socket.sinceMillis = time.millis();
    }
  }

  /**
   * Answers a request that is refused, and ends its connection.
   *
   * @param withBody false if the request's method is {@code HEAD}
   */
  void refuse(HttpSocket socket, Refusal refusal, boolean withBody) {
    refused(socket, refusal.result(), refusal.sentence());
    HttpAnswer answer = refusal.answer();
    if (take(socket, answer.queuedBytes())) {
      socket.refuse(answer, withBody);
    }
  }

  /** Counts a request that was not served, and logs why at debug. */
  void refused(HttpSocket socket, String result, String why) {
    metrics.handshake(result);
    LOGGER
        .atDebug()
        .addKeyValue("event", "refused")
        .addKeyValue("result", result)
        .addKeyValue("remote", socket.network)
        .log(why);
  }

  /**
   * The connection is a WebSocket from now on, or closed.
   *
   * @return false if it was ended before
   */
  synchronized boolean forget(Connection<?> connection) {
    HttpSocket socket = sockets.get(connection);
    if (socket == null) {
      return false;
    }
    remove(socket);
    return true;
  }

  /** A piece of a head came that is not complete yet. For the connection's selector's thread. */
  void headGrew(Connection<?> connection, int bytes) {
    HttpSocket socket = get(connection);
    if (socket != null) {
      take(socket, socket.growHead(bytes));
    }
  }

  /**
   * Takes bytes of the budget for a socket. Where it is short, those that hold most are ended until
   * a quarter of it is free. Not those that have been silent for longest: a client that asks on and
   * on and never reads is never silent.
   *
   * @return false if the socket was ended itself
   */
  boolean take(HttpSocket socket, int bytes) {
    if (socket.take(bytes)) {
      return true;
    }
    for (HttpSocket other : holders()) {
      if (budget.used() <= budget.limit() - budget.limit() / 4) {
        break;
      }
      cut(other, "buffers_full");
    }
    if (socket.take(bytes)) {
      return true;
    }
    cut(socket, "buffers_full");
    return false;
  }

  private synchronized List<HttpSocket> holders() {
    // Sorted by a copy: what they hold changes meanwhile.
    return sockets.values().stream()
        .map(socket -> Map.entry(socket, socket.held()))
        .filter(holder -> holder.getValue() > 0)
        .sorted(Map.Entry.<HttpSocket, Integer>comparingByValue().reversed())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Cuts a client off that does not read its answers. */
  void cut(HttpSocket socket) {
    cut(socket, "slow_consumer");
  }

  private void cut(HttpSocket socket, String kind) {
    if (forget(socket.connection)) {
      metrics.error(kind);
      LOGGER.info(
          "cut off {} ({}), with {} bytes of HTTP answers unread",
          socket.network,
          kind,
          socket.waitingBytes());
      socket.connection.terminateSilently();
    }
  }

  void sweep() {
    long now = time.millis();
    long latest = now - settings.handshakeTimeout().toMillis();
    long latestIdle = now - settings.idleTimeout().toMillis();
    List<HttpSocket> late = new ArrayList<>();
    synchronized (this) {
      for (HttpSocket socket : sockets.values()) {
        boolean idle = socket.idle && !socket.isClosing() && socket.waitingBytes() == 0;
        if (socket.sinceMillis < (idle ? latestIdle : latest)) {
          late.add(socket);
        }
      }
    }
    for (HttpSocket socket : late) {
      end(socket, now);
    }
  }

  private void end(HttpSocket socket, long now) {
    boolean unfinished;
    synchronized (this) {
      if (socket.sinceMillis >= now) {
        return;
      }
      unfinished = !socket.idle && !socket.isClosing();
    }
    if (socket.waitingBytes() > 0) {
      cut(socket);
    } else if (forget(socket.connection)) {
      if (unfinished) {
        refused(socket, "timeout", "no complete request came in time");
      }
      socket.connection.terminateSilently();
    }
  }

  synchronized int size() {
    return sockets.size();
  }

  synchronized long waitingBytes() {
    return sockets.values().stream().mapToLong(HttpSocket::waitingBytes).sum();
  }

  private void remove(HttpSocket socket) {
    sockets.remove(socket.connection);
    leave(socket);
    socket.giveBackAll();
  }

  private Group enter(HttpSocket socket) {
    socket.sinceMillis = time.millis();
    socket.turn = turns++;
    Group group = groups.computeIfAbsent(socket.network, key -> new Group());
    if (!group.sockets.isEmpty()) {
      largestFirst.remove(group);
    }
    group.sockets.add(socket);
    largestFirst.add(group);
    return group;
  }

  private void leave(HttpSocket socket) {
    Group group = Objects.requireNonNull(groups.get(socket.network));
    largestFirst.remove(group);
    group.sockets.remove(socket);
    if (group.sockets.isEmpty()) {
      groups.remove(socket.network);
    } else {
      largestFirst.add(group);
    }
  }
}
