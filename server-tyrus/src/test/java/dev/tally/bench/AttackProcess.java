package dev.tally.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** An {@link Attacker} in a process of its own. */
final class AttackProcess implements AutoCloseable {

  private final Process process;
  private final BufferedReader output;
  private final Thread atExit;

  private AttackProcess(Process process) {
    this.process = process;
    this.output = process.inputReader(UTF_8);
    this.atExit = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** Starts it, and waits until its sockets are open, as far as the server lets it. */
  static AttackProcess open(Lab lab, Attack attack, int sockets, int port) throws IOException {
    String classPath = System.getProperty("java.class.path");
    String main = Attacker.class.getName();
    List<String> command =
        lab.jvm()
            .with("-Xmx128m", "-XX:+UseSerialGC")
            .command("-cp", classPath, main, attack.name(), "" + sockets, "" + port);
    Path log = lab.output().resolve("attacker.log");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    AttackProcess opened = new AttackProcess(builder.start());
    if (!"open".equals(opened.output.readLine())) {
      opened.close();
      throw new IOException("the attacker's process ended early, see " + log);
    }
    return opened;
  }

  /** Lets the attack begin. */
  void begin() throws IOException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
  }

  /** Ends the attack, with a reset of each socket; returns how many it has opened. */
  long end() throws IOException {
    process.getOutputStream().close();
    String opened = output.readLine();
    return opened == null ? 0 : Long.parseLong(opened);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    Runtime.getRuntime().removeShutdownHook(atExit);
  }
}
