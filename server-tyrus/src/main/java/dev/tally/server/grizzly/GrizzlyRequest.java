package dev.tally.server.grizzly;

import dev.tally.server.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.Protocol;
import org.jspecify.annotations.Nullable;

/** A request that Grizzly's codec read. */
record GrizzlyRequest(HttpRequestPacket packet) implements HttpRequest {

  @Override
  public String method() {
    return packet.getMethod().getMethodString();
  }

  @Override
  public boolean isHttp11() {
    return packet.getProtocol() == Protocol.HTTP_1_1;
  }

  @Override
  public String path() {
    return packet.getRequestURI();
  }

  @Override
  public @Nullable String query() {
    return packet.getQueryString();
  }

  @Override
  public @Nullable String header(String name) {
    // The codec keeps this one apart from the others.
    return name.equals("Upgrade") ? packet.getUpgrade() : packet.getHeader(name);
  }

  @Override
  public List<String> headers(String name) {
    List<String> values = new ArrayList<>(1);
    packet.getHeaders().values(name).forEach(values::add);
    return values;
  }

  @Override
  public boolean hasBody() {
    return packet.getHeader("Transfer-Encoding") != null || packet.getContentLength() > 0;
  }

  @Override
  public String peer() {
    return packet.getRemoteAddress();
  }
}
