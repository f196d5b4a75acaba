package dev.tally.bench.peer;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedTextMessage;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSockets;
import org.xnio.Options;

/** Undertow's own WebSocket API. */
public final class UndertowCounter {

  private UndertowCounter() {}

  /**
   * Serves until it is killed.
   *
   * @param args the port
   */
  public static void main(String[] args) {
    Undertow.builder()
        .addHttpListener(Integer.parseInt(args[0]), "127.0.0.1")
        .setIoThreads(Runtime.getRuntime().availableProcessors())
        .setSocketOption(Options.BACKLOG, 4096)
        .setServerOption(UndertowOptions.NO_REQUEST_TIMEOUT, -1)
        .setHandler(
            Handlers.websocket(
                (exchange, channel) -> {
                  channel.getReceiveSetter().set(new Counter());
                  channel.resumeReceives();
                }))
        .build()
        .start();
  }

  private static final class Counter extends AbstractReceiveListener {
    private long count;

    @Override
    protected void onFullTextMessage(WebSocketChannel channel, BufferedTextMessage message) {
      // As the other servers do, it makes the text: it was sent to be read.
      message.getData();
      WebSockets.sendText("{\"count\": " + ++count + "}", channel, null);
    }
  }
}
