package dev.tally.embedding;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.spi.Transport;
import io.undertow.websockets.core.CloseMessage;
import io.undertow.websockets.core.WebSocketCallback;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSockets;
import java.util.concurrent.atomic.AtomicInteger;
import org.xnio.IoUtils;

/**
 * One client behind Undertow. Everything is handed to the channel's I/O thread, which keeps the
 * order and never waits; what a slow reader leaves behind is bounded.
 */
final class UndertowTransport implements Transport {

  private static final int MAX_WAITING_BYTES = 262_144;

  private final WebSocketChannel channel;
  private final AtomicInteger waitingBytes = new AtomicInteger();

  UndertowTransport(WebSocketChannel channel) {
    this.channel = channel;
  }

  @Override
  public void send(Reply reply) {
    int length = reply.length();
    if (waitingBytes.addAndGet(length) > MAX_WAITING_BYTES) {
      channel.getIoThread().execute(() -> IoUtils.safeClose(channel));
      return;
    }
    channel
        .getIoThread()
        .execute(() -> WebSockets.sendText(reply.text(), channel, new Sent(length)));
  }

  @Override
  public void close(CloseCode code, String reason) {
    CloseMessage message = new CloseMessage(code.code(), reason);
    channel.getIoThread().execute(() -> WebSockets.sendClose(message, channel, new Sent(0)));
  }

  private final class Sent implements WebSocketCallback<Void> {

    private final int length;

    Sent(int length) {
      this.length = length;
    }

    @Override
    public void complete(WebSocketChannel channel, Void context) {
      waitingBytes.addAndGet(-length);
    }

    @Override
    public void onError(WebSocketChannel channel, Void context, Throwable throwable) {
      IoUtils.safeClose(channel);
    }
  }
}
