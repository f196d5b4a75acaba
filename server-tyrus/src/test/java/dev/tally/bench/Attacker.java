package dev.tally.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

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
import java.util.List;

/**
 * The process of an unkind host: {@code Attacker ATTACK SOCKETS PORT}. Opens its sockets, from an
 * address of its own, and says so in a line; attacks when a line comes; ends at the end of its
 * input, or after some minutes in any case, and then prints how many connections it has opened.
 */
final class Attacker {

  private static final Duration LONGEST = Duration.ofMinutes(3);
  private static final Duration LONGEST_OPENING = Duration.ofSeconds(20);
  private static final Duration SOON = Duration.ofMillis(100);
  private static final int AT_ONCE = 500;

  /** Not the one that everybody else comes from, 127.0.0.1. */
  private static final byte[] ADDRESS = {127, 0, 0, 2};

  private final Attack attack;
  private final InetSocketAddress server;
  private final ByteBuffer upgrade;
  private final List<Attack.Burst> script;
  private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
  private final Selector selector = Selector.open();
  private volatile boolean ordered;
  private volatile boolean ended;
  private boolean attacking;
  private int toBegin;
  private int opening;
  private int toReturn;
  private long opened;

  private Attacker(Attack attack, int sockets, int port) throws IOException {
    this.attack = attack;
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.upgrade = Wire.request(port);
    this.script = attack.script();
    this.toBegin = sockets;
  }

  /** One socket, and how far it is with the script. */
  private static final class Foe {
    final SocketChannel channel;
    boolean open;
    int burst;
    int times;
    int offset;

    Foe(SocketChannel channel) {
      this.channel = channel;
    }
  }

  /**
   * Attacks.
   *
   * @param args see above
   */
  public static void main(String[] args) throws IOException {
    Attack attack = Attack.valueOf(args[0]);
    Attacker attacker = new Attacker(attack, Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    Thread orders = new Thread(attacker::listen, "orders");
    orders.setDaemon(true);
    orders.start();
    attacker.run();
  }

  private void listen() {
    try {
      ordered = System.in.read() >= 0;
      while (System.in.read() >= 0) {}
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      ended = true;
    }
  }

  private void run() throws IOException {
    long start = System.nanoTime();
    long lastReturn = start;
    boolean told = false;
    while (!ended && System.nanoTime() - start < LONGEST.toNanos()) {
      for (; toBegin > 0 && opening < AT_ONCE; toBegin--) {
        begin();
      }
      selector.select(this::ready, 10);
      long now = System.nanoTime();
      boolean allOpen = toBegin + opening == 0;
      if (!told && (allOpen || now - start > LONGEST_OPENING.toNanos())) {
        System.out.println("open");
        told = true;
      }
      if (ordered && !attacking) {
        attacking = true;
        selector.keys().stream().filter(SelectionKey::isValid).forEach(this::attack);
      }
      boolean soon = attack.comesBack == Attack.Return.SOON;
      if (attacking && (!soon || now - lastReturn > SOON.toNanos())) {
        lastReturn = now;
        toBegin += toReturn;
        toReturn = 0;
      }
    }
    System.out.println(opened);
  }

  private void begin() throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_RCVBUF, Attack.SMALLEST_WINDOW);
    // Ends with a reset: no port waits in TIME_WAIT for the next ones.
    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    channel.configureBlocking(false);
    channel.bind(new InetSocketAddress(InetAddress.getByAddress(ADDRESS), 0));
    opening++;
    channel.register(selector, SelectionKey.OP_CONNECT, new Foe(channel));
    channel.connect(server);
  }

  private void ready(SelectionKey key) {
    Foe foe = (Foe) key.attachment();
    try {
      if (key.isConnectable()) {
        foe.channel.finishConnect();
        if (attack.opening == Attack.Opening.UPGRADE) {
          foe.channel.write(upgrade.duplicate());
          key.interestOps(SelectionKey.OP_READ);
        } else {
          opened(key, foe);
        }
      } else if (key.isReadable()) {
        read(key, foe);
      } else if (key.isWritable()) {
        write(key, foe);
      }
    } catch (IOException e) {
      end(foe);
    }
  }

  private void opened(SelectionKey key, Foe foe) {
    foe.open = true;
    opening--;
    opened++;
    key.interestOps(0);
    if (attacking) {
      attack(key);
    }
  }

  private void attack(SelectionKey key) {
    Foe foe = (Foe) key.attachment();
    if (!foe.open) {
      return;
    }
    if (attack.comesBack == Attack.Return.AT_ONCE) {
      end(foe);
    } else if (!script.isEmpty()) {
      key.interestOps(SelectionKey.OP_WRITE);
    }
  }

  /** Reads the answer to the upgrade, and otherwise only looks for the connection's end. */
  private void read(SelectionKey key, Foe foe) throws IOException {
    if (foe.channel.read(in.clear()) < 0) {
      throw new IOException("the server closed the connection");
    }
    if (foe.open) {
      return;
    }
    // The answer is short enough to come in one piece.
    if (!US_ASCII.decode(in.flip()).toString().startsWith("HTTP/1.1 101 ")) {
      throw new IOException("the server refused the upgrade");
    }
    opened(key, foe);
  }

  private void write(SelectionKey key, Foe foe) throws IOException {
    Attack.Burst burst = script.get(foe.burst);
    ByteBuffer rest = burst.bytes().duplicate().position(foe.offset);
    foe.channel.write(rest);
    foe.offset = rest.position();
    if (rest.hasRemaining()) {
      return;
    }
    foe.offset = 0;
    if (++foe.times == burst.times()) {
      foe.times = 0;
      foe.burst++;
    }
    if (foe.burst == script.size()) {
      boolean watches = attack.comesBack != Attack.Return.NEVER;
      key.interestOps(watches ? SelectionKey.OP_READ : 0);
    }
  }

  private void end(Foe foe) {
    if (!foe.open) {
      opening--;
    }
    if (attack.comesBack != Attack.Return.NEVER) {
      toReturn++;
    }
    try {
      foe.channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
