package dev.tally.server.auth;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A key set that a server has. Redirects are not followed: the URL in the settings is the one that
 * is trusted.
 */
final class KeyUrl implements KeySource {

  /** For all, from the connection to the last byte. */
  static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** What issuers recommend; a key that is new here is asked for at once. */
  private static final Duration INTERVAL = Duration.ofMinutes(5);

  private final URI url;
  private final Duration timeout;
  private final HttpClient client;

  KeyUrl(URI url, Duration timeout) {
    this.url = url;
    this.timeout = timeout;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(timeout)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  @Override
  public String read() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(url).header("Accept", "application/json").GET().build();
    CompletableFuture<HttpResponse<String>> answer =
        client.sendAsync(
            request,
            info ->
                BodySubscribers.mapping(
                    new BoundedBody(MAX_BYTES),
                    bytes -> new String(bytes, StandardCharsets.UTF_8)));
    // Not HttpRequest.timeout: that one ends with the headers, and the body may never do.
    try {
      HttpResponse<String> response = answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      if (response.statusCode() != 200) {
        throw new IOException("it answered " + response.statusCode() + " in place of 200");
      }
      return response.body();
    } catch (TimeoutException e) {
      throw new IOException("it gave no complete answer within " + timeout.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      throw new IOException(reason(Objects.requireNonNullElse(e.getCause(), e)), e);
    } finally {
      answer.cancel(true);
    }
  }

  private static String reason(Throwable cause) {
    return cause.getMessage() == null
        ? cause.getClass().getSimpleName()
        : cause.getClass().getSimpleName() + ": " + cause.getMessage();
  }

  @Override
  public Duration interval() {
    return INTERVAL;
  }

  @Override
  public String toString() {
    return url.toString();
  }
}
