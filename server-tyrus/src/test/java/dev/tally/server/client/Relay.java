package dev.tally.server.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** A network between client and server, which breaks and delays connections when it is told to. */
final class Relay implements AutoCloseable {

  private volatile int target;
  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final List<Socket> clients = new CopyOnWriteArrayList<>();
  private final Set<Socket> frozen = ConcurrentHashMap.newKeySet();

  private final AtomicReference<Optional<CompletableFuture<Void>>> cutAtRequest =
      new AtomicReference<>(Optional.empty());

  private final AtomicBoolean cutsNextAtWelcome = new AtomicBoolean();

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

  /**
   * The next connection's client gets a piece of an answer and then the end; its request goes on to
   * the server once the result is completed.
   */
  CompletableFuture<Void> cutNextAtItsRequest() {
    CompletableFuture<Void> released = new CompletableFuture<>();
    cutAtRequest.set(Optional.of(released));
    return released;
  }

  /** The next connection's client gets the handshake and then the end, not the welcome. */
  void cutNextAtItsWelcome() {
    cutsNextAtWelcome.set(true);
  }

  /** Says something to every client, as if its server did. */
  void say(String text) throws IOException {
    byte[] payload = text.getBytes(US_ASCII);
    ByteBuffer frame = ByteBuffer.allocate(2 + payload.length);
    // One whole text frame, whose length fits into the second byte.
    frame.put((byte) 0x81).put((byte) payload.length).put(payload);
    for (Socket client : clients) {
      // Nothing of the server's own is on its way just then: tests see to that.
      client.getOutputStream().write(frame.array());
    }
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
      clients.add(client);
      Optional<CompletableFuture<Void>> released = cutAtRequest.getAndSet(Optional.empty());
      boolean cutsAtWelcome = cutsNextAtWelcome.getAndSet(false);
      start(
          () -> {
            String request = head(client);
            if (released.isPresent()) {
              // Without a byte java.net.http would ask again, by itself.
              client.getOutputStream().write('H');
              client.close();
              released.get().join();
            }
            Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
            sockets.add(server);
            server.getOutputStream().write(request.getBytes(US_ASCII));
            if (cutsAtWelcome) {
              start(() -> cutAtWelcome(server, client));
            } else {
              start(() -> pump(server, client));
            }
            pump(client, server);
          });
    }
  }

  private static void cutAtWelcome(Socket server, Socket client) throws IOException {
    client.getOutputStream().write(head(server).getBytes(US_ASCII));
    int unused = server.getInputStream().read();
    client.close();
    server.close();
  }

  /** A request or its answer, which are ASCII. */
  private static String head(Socket from) throws IOException {
    InputStream input = from.getInputStream();
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = input.read();
      if (next < 0) {
        throw new EOFException();
      }
      head.append((char) next);
    }
    return head.toString();
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
