package dev.tally.embedding;

import dev.tally.chat.ChatHub;
import dev.tally.server.jakarta.ChatEndpoint;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.nio.file.Path;
import java.util.Set;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsSci;

/** ChatEndpoint in a standard Jakarta WebSocket container: embedded Tomcat. */
final class TomcatServer implements AutoCloseable {

  private final ChatHub hub;
  private final Tomcat tomcat = new Tomcat();

  TomcatServer(ChatHub hub, int port, Path directory) {
    this.hub = hub;
    tomcat.setBaseDir(directory.toString());
    tomcat.setHostname("127.0.0.1");
    tomcat.setPort(port);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    Context context = tomcat.addContext("", null);
    // Tomcat sees the upgrade only on paths that some servlet answers.
    Tomcat.addServlet(context, "default", new DefaultServlet()).addMapping("/");
    context.addServletContainerInitializer(new WsSci(), Set.of());
    context.addServletContainerInitializer((classes, servlets) -> deploy(servlets), Set.of());
  }

  private void deploy(ServletContext servletContext) throws ServletException {
    ServerContainer container =
        (ServerContainer) servletContext.getAttribute(ServerContainer.class.getName());
    try {
      for (ServerEndpointConfig config : ChatEndpoint.configs(hub)) {
        container.addEndpoint(config);
      }
    } catch (DeploymentException e) {
      throw new ServletException(e);
    }
  }

  void start() throws LifecycleException {
    hub.start();
    tomcat.start();
  }

  int port() {
    return tomcat.getConnector().getLocalPort();
  }

  /** Drains, which takes up to the drain timeout, and stops. */
  @Override
  public void close() throws LifecycleException {
    hub.drain();
    hub.close();
    tomcat.stop();
    tomcat.destroy();
  }
}
