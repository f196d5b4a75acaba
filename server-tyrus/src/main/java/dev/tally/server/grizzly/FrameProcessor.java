package dev.tally.server.grizzly;

import org.glassfish.grizzly.CompletionHandler;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.Context;
import org.glassfish.grizzly.IOEvent;
import org.glassfish.grizzly.Processor;
import org.glassfish.grizzly.ProcessorResult;
import org.glassfish.grizzly.ReadResult;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.asyncqueue.MessageCloner;

/**
 * Takes a connection's events after the upgrade, in place of Grizzly's filter chain. One per
 * connection. It neither reads nor writes: {@link WebSocketConnection} does.
 */
@SuppressWarnings({"rawtypes", "deprecation"})
final class FrameProcessor implements Processor<Context> {

  private final WebSocketConnection connection;

  FrameProcessor(WebSocketConnection connection) {
    this.connection = connection;
  }

  @Override
  public Context obtainContext(Connection source) {
    Context context = Context.create(source);
    context.setProcessor(this);
    return context;
  }

  @Override
  public ProcessorResult process(Context context) {
    switch (context.getIoEvent()) {
      case READ -> connection.onReadable();
      case CLOSED -> connection.onClosed();
      case WRITE -> connection.onWritable();
      default -> {
        // Accepting and connecting are over.
      }
    }
    return ProcessorResult.createComplete();
  }

  @Override
  public boolean isInterested(IOEvent ioEvent) {
    return true;
  }

  @Override
  public void setInterested(IOEvent ioEvent, boolean isInterested) {
    throw new UnsupportedOperationException("always interested");
  }

  @Override
  public void read(Connection source, CompletionHandler<ReadResult> completionHandler) {
    throw new UnsupportedOperationException("frames are read as they come");
  }

  @Override
  public void write(
      Connection source,
      Object dstAddress,
      Object message,
      CompletionHandler<WriteResult> completionHandler) {
    throw new UnsupportedOperationException("frames are written by their connection");
  }

  @Override
  public void write(
      Connection source,
      Object dstAddress,
      Object message,
      CompletionHandler<WriteResult> completionHandler,
      MessageCloner messageCloner) {
    throw new UnsupportedOperationException("frames are written by their connection");
  }

  @Override
  @Deprecated
  public void write(
      Connection source,
      Object dstAddress,
      Object message,
      CompletionHandler<WriteResult> completionHandler,
      org.glassfish.grizzly.asyncqueue.PushBackHandler pushBackHandler) {
    throw new UnsupportedOperationException("frames are written by their connection");
  }
}
