package dev.tally.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Questions that are put to a server while something else goes on, spread over a time. */
final class Probes {

  private static final int QUESTIONS = 20;

  /** What Kubernetes gives a probe if nobody says otherwise. */
  private static final Duration READINESS_TIMEOUT = Duration.ofSeconds(1);

  private static final Duration NEWCOMER_TIMEOUT = Duration.ofSeconds(5);

  private final List<Future<Boolean>> answers = new ArrayList<>();

  /** Asks, from now on; each question has a thread while it waits. */
  Probes(ScheduledExecutorService threads, Duration time, Callable<Boolean> question) {
    for (int i = 0; i < QUESTIONS; i++) {
      long millis = time.toMillis() * i / QUESTIONS;
      answers.add(threads.schedule(question, millis, TimeUnit.MILLISECONDS));
    }
  }

  /** How often the answer was yes. */
  String result() throws ExecutionException, InterruptedException {
    int yes = 0;
    for (Future<Boolean> answer : answers) {
      yes += answer.get() ? 1 : 0;
    }
    return yes + " of " + answers.size();
  }

  /** Whether a new client gets in, and its first message is counted. */
  static boolean letsIn(int port) {
    ByteBuffer message = Wire.maskedText(Lab.PAYLOAD_BYTES);
    return answers(port, NEWCOMER_TIMEOUT, "{\"count\": 1}", Wire.request(port), message);
  }

  /** Whether the admin port says that the server is ready. */
  static boolean isReady(int adminPort) {
    String request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    return answers(adminPort, READINESS_TIMEOUT, "HTTP/1.1 200 ", US_ASCII.encode(request));
  }

  private static boolean answers(
      int port, Duration timeout, String expected, ByteBuffer... requests) {
    long start = System.nanoTime();
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) timeout.toMillis());
      for (ByteBuffer request : requests) {
        byte[] bytes = new byte[request.remaining()];
        request.get(bytes);
        socket.getOutputStream().write(bytes);
      }
      byte[] in = new byte[4096];
      int length = 0;
      while (!new String(in, 0, length, US_ASCII).contains(expected)) {
        long left = timeout.toMillis() - (System.nanoTime() - start) / 1_000_000;
        socket.setSoTimeout((int) Math.max(1, left));
        int n = socket.getInputStream().read(in, length, in.length - length);
        if (n < 0 || left < 0) {
          return false;
        }
        length += n;
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
