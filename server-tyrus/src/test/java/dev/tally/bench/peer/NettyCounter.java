package dev.tally.bench.peer;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;

/** Netty on java.nio, one event loop a core; what one read brought is answered by one write. */
public final class NettyCounter {

  private NettyCounter() {}

  /**
   * Serves until it is killed.
   *
   * @param args the port
   * @throws InterruptedException if binding is interrupted
   */
  public static void main(String[] args) throws InterruptedException {
    int cores = Runtime.getRuntime().availableProcessors();
    EventLoopGroup loops = new MultiThreadIoEventLoopGroup(cores, NioIoHandler.newFactory());
    new ServerBootstrap()
        .group(loops)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, 4096)
        .childHandler(new Pipeline())
        .bind("127.0.0.1", Integer.parseInt(args[0]))
        .sync();
  }

  private static final class Pipeline extends ChannelInitializer<SocketChannel> {
    @Override
    protected void initChannel(SocketChannel channel) {
      channel
          .pipeline()
          .addLast(
              new HttpServerCodec(),
              new HttpObjectAggregator(8192),
              new WebSocketServerProtocolHandler("/ws/chat/"),
              new Counter());
    }
  }

  private static final class Counter extends SimpleChannelInboundHandler<TextWebSocketFrame> {
    private long count;

    // A write that fails closes the channel.
    @SuppressWarnings("FutureReturnValueIgnored")
    @Override
    protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame frame) {
      context.write(new TextWebSocketFrame("{\"count\": " + ++count + "}"));
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }
  }
}
