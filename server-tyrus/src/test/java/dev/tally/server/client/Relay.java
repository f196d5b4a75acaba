package dev.tally.server.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

/** A network between client and server, which breaks and delays connections when it is told to. */
final class Relay implements AutoCloseable {

  private static final CompletableFuture<Void> AT_ONCE = CompletableFuture.completedFuture(null);

  private volatile int target;
  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final Set<Socket> frozen = ConcurrentHashMap.newKeySet();
  private final AtomicReference<CompletableFuture<Void>> release = new AtomicReference<>(AT_ONCE);

  private final AtomicReference<Optional<CompletableFuture<Void>>> cut =
      new AtomicReference<>(Optional.empty());

  Relay(int target) throws IOException {
    this.target = target;
    start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Where new connections go from now on. */
  void switchTo(int port) {
    target = port;
  }

  /** What the next connection brings goes on only once the result is completed. */
  CompletableFuture<Void> holdNext() {
    CompletableFuture<Void> released = new CompletableFuture<>();
    release.set(released);
    return released;
  }

  /** The next connection's client gets the handshake and then the end, not the welcome. */
  CompletableFuture<Void> cutNextAtItsWelcome() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    cut.set(Optional.of(done));
    return done;
  }

  /** Breaks every connection that there is now. */
  void cut() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  /** Swallows from now on what comes over the connections that there are now. */
  void freeze() {
    frozen.addAll(sockets);
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      sockets.add(client);
      CompletableFuture<Void> released = release.getAndSet(AT_ONCE);
      Optional<CompletableFuture<Void>> cutAtWelcome = cut.getAndSet(Optional.empty());
      start(
          () -> {
            released.join();
            Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
            sockets.add(server);
            if (cutAtWelcome.isPresent()) {
              start(() -> cutAtWelcome(server, client, cutAtWelcome.get()));
            } else {
              start(() -> pump(server, client));
            }
            // A client that has gone is not told to the server: what it sent may still be served.
            pump(client, server);
          });
    }
  }

  private static void cutAtWelcome(Socket server, Socket client, CompletableFuture<Void> done)
      throws IOException {
    InputStream input = server.getInputStream();
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) input.read());
    }
    client.getOutputStream().write(head.toString().getBytes(US_ASCII));
    int unused = input.read();
    client.close();
    server.close();
    done.complete(null);
  }

  private void pump(Socket from, Socket to) throws IOException {
    InputStream input = from.getInputStream();
    byte[] buffer = new byte[8192];
    for (int n = input.read(buffer); n >= 0; n = input.read(buffer)) {
      if (!frozen.contains(from)) {
        to.getOutputStream().write(buffer, 0, n);
      }
    }
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void start(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                // One side is gone, or the test is over.
              }
            },
            "relay");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }
}
