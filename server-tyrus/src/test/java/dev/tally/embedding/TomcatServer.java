package dev.tally.embedding;

import dev.tally.chat.ChatHub;
import dev.tally.chat.Identity;
import dev.tally.server.jakarta.ChatEndpoint;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.nio.file.Path;
import java.security.Principal;
import java.util.Set;
import java.util.function.Function;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.authenticator.BasicAuthenticator;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsSci;

/** ChatEndpoint in a standard Jakarta WebSocket container: embedded Tomcat. */
final class TomcatServer implements AutoCloseable {

  private final ChatHub hub;
  private final Function<Session, Identity> identities = TomcatServer::identity;
  private final Tomcat tomcat = new Tomcat();

  TomcatServer(ChatHub hub, int port, Path directory) {
    this.hub = hub;
    tomcat.setBaseDir(directory.toString());
    tomcat.setHostname("127.0.0.1");
    tomcat.setPort(port);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    Context context = tomcat.addContext("", null);
    tomcat.addUser("alice", "wonderland");
    tomcat.addUser("mallory", "malice");
    context.getPipeline().addValve(new BasicAuthenticator());
    // A client may have a user. To let in only those who do, add a SecurityConstraint.
    context.setPreemptiveAuthentication(true);
    // Tomcat sees the upgrade only on paths that some servlet answers.
    Tomcat.addServlet(context, "default", new DefaultServlet()).addMapping("/");
    context.addServletContainerInitializer(new WsSci(), Set.of());
    context.addServletContainerInitializer((classes, servlets) -> deploy(servlets), Set.of());
  }

  private void deploy(ServletContext servletContext) throws ServletException {
    ServerContainer container =
        (ServerContainer) servletContext.getAttribute(ServerContainer.class.getName());
    try {
      for (ServerEndpointConfig config : ChatEndpoint.configs(hub, identities)) {
        container.addEndpoint(config);
      }
    } catch (DeploymentException e) {
      throw new ServletException(e);
    }
  }

  /** The user that the container knows, if there is one. */
  private static Identity identity(Session session) {
    Principal user = session.getUserPrincipal();
    return user == null ? Identity.ANONYMOUS : Identity.of(user.getName());
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
