package dev.tally.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Many clients on one thread, which is the caller's. Every count is checked. After each loop it
 * waits until all that was sent is answered, so one loop's messages are never another's replies.
 */
final class LoadGenerator implements AutoCloseable {

  static final int MOST_IN_FLIGHT = 64;

  private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();

  private final InetSocketAddress server;
  private final ByteBuffer request;
  private final ByteBuffer message;
  private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
  private final Selector selector;
  private final List<LoadSocket> sockets = new ArrayList<>();
  private Round round = new Round();
  private int depth;
  private int connecting;
  private int failed;
  private String firstFailure = "";

  LoadGenerator(int port, int payloadBytes) throws IOException {
    this(port, Wire.request(port), Wire.maskedText(payloadBytes));
  }

  LoadGenerator(int port, ByteBuffer request, ByteBuffer message) throws IOException {
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.request = request;
    this.message = message;
    this.selector = Selector.open();
  }

  /**
   * Opens more sockets, so many handshakes at a time.
   *
   * @return how long it took until the last one was open
   * @throws IOException if one was refused or did not answer in time
   */
  Duration connect(int more, int atOnce) throws IOException {
    long start = System.nanoTime();
    for (int started = 0; started < more || connecting > 0; ) {
      while (started < more && connecting < atOnce) {
        begin();
        started++;
      }
      poll(1);
      if (System.nanoTime() - start > PATIENCE_NANOS) {
        throw new IOException(connecting + " handshakes were not answered");
      }
    }
    if (failed > 0) {
      throw new IOException(failed + " handshakes failed, the first with: " + firstFailure);
    }
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private void begin() throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    // A message is written in one piece or not at all.
    channel.setOption(StandardSocketOptions.SO_SNDBUF, Math.max(1 << 18, 2 * message.capacity()));
    // Ends with a reset: no port waits in TIME_WAIT for the next ten thousand.
    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    channel.configureBlocking(false);
    LoadSocket socket = new LoadSocket(channel, MOST_IN_FLIGHT);
    sockets.add(socket);
    connecting++;
    channel.register(selector, SelectionKey.OP_CONNECT, socket);
    channel.connect(server);
  }

  /** Keeps {@code inFlight} messages unanswered on every socket for a time. */
  Round closedLoop(int inFlight, Duration time) throws IOException {
    round = new Round();
    long start = System.nanoTime();
    depth = inFlight;
    for (LoadSocket socket : List.copyOf(sockets)) {
      fill(socket);
    }
    while (System.nanoTime() - start < time.toNanos()) {
      poll(20);
    }
    depth = 0;
    return finish(start);
  }

  /**
   * Sends one message an interval on every socket, each at its own offset, whether or not the
   * server keeps up; latency counts from the moment at which the message was due.
   */
  Round openLoop(Duration interval, Duration time) throws IOException {
    round = new Round();
    List<LoadSocket> order = List.copyOf(sockets);
    long[] offsets = new Random(1).longs(order.size(), 0, interval.toNanos()).sorted().toArray();
    long start = System.nanoTime();
    long due = start + offsets[0];
    for (int sent = 0; due - start < time.toNanos(); ) {
      while (due <= System.nanoTime() && due - start < time.toNanos()) {
        send(order.get(sent % offsets.length), due);
        sent++;
        due = start + offsets[sent % offsets.length] + sent / offsets.length * interval.toNanos();
      }
      poll(Math.max(1, (due - System.nanoTime()) / 1_000_000));
    }
    return finish(start);
  }

  private Round finish(long start) throws IOException {
    round.took = Duration.ofNanos(System.nanoTime() - start);
    long end = System.nanoTime();
    while (unanswered() > 0 && System.nanoTime() - end < PATIENCE_NANOS) {
      poll(20);
    }
    round.missing += unanswered();
    return round;
  }

  private long unanswered() {
    return sockets.stream().mapToLong(LoadSocket::unanswered).sum();
  }

  /** Lets heartbeats and pings come in for a time. */
  Round idle(Duration time) throws IOException {
    return closedLoop(0, time);
  }

  private void poll(long millis) throws IOException {
    selector.select(this::ready, millis);
  }

  private void ready(SelectionKey key) {
    LoadSocket socket = (LoadSocket) key.attachment();
    boolean wasOpen = socket.open();
    try {
      if (key.isConnectable()) {
        socket.channel.finishConnect();
        key.interestOps(SelectionKey.OP_READ);
        socket.write(request);
        return;
      }
      socket.read(in, round);
      if (socket.open() && !wasOpen) {
        connecting--;
      }
      fill(socket);
    } catch (IOException e) {
      end(socket, e);
    }
  }

  private void fill(LoadSocket socket) {
    while (socket.live() && socket.unanswered() < depth) {
      send(socket, System.nanoTime());
    }
  }

  private void send(LoadSocket socket, long due) {
    try {
      if (socket.live() && !socket.full()) {
        socket.send(message, due);
      } else {
        round.missing++;
      }
    } catch (IOException e) {
      end(socket, e);
    }
  }

  private void end(LoadSocket socket, IOException why) {
    if (socket.open()) {
      round.dropped++;
      round.missing += socket.unanswered();
    } else {
      connecting--;
      if (failed++ == 0) {
        firstFailure = why.toString();
      }
    }
    sockets.remove(socket);
    try {
      socket.channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends every connection with a reset. */
  @Override
  public void close() throws IOException {
    for (LoadSocket socket : sockets) {
      socket.channel.close();
    }
    selector.close();
  }
}
