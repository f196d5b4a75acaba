package dev.tally.server.client;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.CloseCode.Reconnect;
import java.net.ConnectException;
import java.net.http.HttpResponse;
import java.net.http.WebSocketHandshakeException;
import java.util.concurrent.CompletionException;

/** How a connection ended, or an attempt to open one. */
sealed interface Ending {

  /**
   * Whether there is no use in coming back.
   *
   * @param beenThere whether the session was ever open
   */
  boolean isFinal(boolean beenThere);

  /** When the server wants this client back, in milliseconds; 0 if it did not say. */
  long hintMillis();

  /**
   * Of an attempt that had no welcome: whether the server may have resumed the session for it, or
   * may still do so.
   */
  boolean mayBeServed();

  /** For people. */
  String text();

  /** That of an attempt that failed with an exception of java.net.http. */
  static Ending of(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (cause instanceof WebSocketHandshakeException handshake) {
      HttpResponse<?> response = handshake.getResponse();
      String retryAfter = response.headers().firstValue("Retry-After").orElse("");
      return new Refused(response.statusCode(), retryAfter);
    }
    return new Broken(String.valueOf(cause), !(cause instanceof ConnectException));
  }

  /** The server closed it. */
  record Closed(int code, String reason) implements Ending {

    /** The rule of docs/PROTOCOL.md; for a code that Tally does not send, a broken connection's. */
    Reconnect reconnect() {
      return CloseCode.of(code).map(CloseCode::reconnect).orElse(Reconnect.WITH_BACKOFF);
    }

    @Override
    public boolean isFinal(boolean beenThere) {
      return reconnect() == Reconnect.NO;
    }

    @Override
    public long hintMillis() {
      return Hint.inReason(reason);
    }

    /** Only an attempt that was served can be superseded, and by then it holds nothing any more. */
    @Override
    public boolean mayBeServed() {
      return code != CloseCode.SUPERSEDED.code();
    }

    @Override
    public String text() {
      return ("the server closed with " + code + " " + reason).strip();
    }
  }

  /** The server answered the handshake with another status than 101. */
  record Refused(int status, String retryAfter) implements Ending {

    @Override
    public boolean isFinal(boolean beenThere) {
      // A proxy that has just started knows no routes for a moment.
      boolean mayPass = status == 429 || status >= 500 || (status == 404 && beenThere);
      return !mayPass;
    }

    @Override
    public long hintMillis() {
      return Hint.inHeader(retryAfter);
    }

    /** A gateway answers for a server that it asked, and that died or is slow. */
    @Override
    public boolean mayBeServed() {
      return status == 502 || status == 504;
    }

    @Override
    public String text() {
      return "the server refused the connection with HTTP status " + status;
    }
  }

  /**
   * There was no token for the attempt, or the server refused it. The next one may be better.
   *
   * @param text for people; does not repeat the token
   */
  record NoToken(String text) implements Ending {

    @Override
    public boolean isFinal(boolean beenThere) {
      return false;
    }

    @Override
    public long hintMillis() {
      return 0;
    }

    @Override
    public boolean mayBeServed() {
      return false;
    }
  }

  /**
   * There was no answer, or no more of them.
   *
   * @param text for people
   * @param mayBeServed whether the server may have, or still get, what was asked for
   */
  record Broken(String text, boolean mayBeServed) implements Ending {

    @Override
    public boolean isFinal(boolean beenThere) {
      return false;
    }

    @Override
    public long hintMillis() {
      return 0;
    }
  }
}
