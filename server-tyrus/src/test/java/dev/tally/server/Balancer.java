package dev.tally.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A load balancer: each connection goes to one of the servers that accept it. Breaks connections
 * when it is told to.
 */
final class Balancer implements AutoCloseable {

  private final List<Integer> ports;
  private final Random random;
  private final ServerSocket listener = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
  private final ConcurrentHashMap<Socket, Socket> clientsWithServers = new ConcurrentHashMap<>();

  Balancer(List<Integer> ports, long seed) throws IOException {
    this.ports = List.copyOf(ports);
    this.random = new Random(seed);
    start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Breaks about a part of the connections, on both sides. */
  void cut(double part) {
    clientsWithServers.forEach(
        (client, server) -> {
          if (random.nextDouble() < part) {
            end(client, server);
          }
        });
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      start(() -> connect(client));
    }
  }

  private void connect(Socket client) throws IOException {
    List<Integer> order = new ArrayList<>(ports);
    Collections.shuffle(order, random);
    for (int port : order) {
      try {
        Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
        clientsWithServers.put(client, server);
        start(() -> pump(server, client, client, server));
        pump(client, server, client, server);
        return;
      } catch (IOException e) {
        // This server is down.
      }
    }
    client.close();
  }

  private void pump(Socket from, Socket to, Socket client, Socket server) {
    byte[] buffer = new byte[8192];
    try {
      InputStream input = from.getInputStream();
      for (int n = input.read(buffer); n >= 0; n = input.read(buffer)) {
        to.getOutputStream().write(buffer, 0, n);
      }
    } catch (IOException e) {
      // One of the two is gone.
    } finally {
      end(client, server);
    }
  }

  private void end(Socket client, Socket server) {
    clientsWithServers.remove(client);
    for (Socket socket : List.of(client, server)) {
      try {
        socket.close();
      } catch (IOException e) {
        // It is closed already.
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
                // The test is over.
              }
            },
            "balancer");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    clientsWithServers.forEach(this::end);
  }
}
