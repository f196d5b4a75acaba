package dev.tally.server.client;

import dev.tally.chat.protocol.SessionId;
import dev.tally.server.logging.Terminal;
import dev.tally.server.settings.Setting;
import dev.tally.server.settings.Values;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** {@code client}: each line of standard input is a message; each count is a line of output. */
public final class ClientCommand implements Callable<Integer> {

  private final CommandSpec spec = CommandSpec.wrapWithoutInspection(this).name("client");

  private final Setting<URI> uri = new Setting<>(URI.create("ws://127.0.0.1:8000/ws/chat/"));

  private final Setting<Optional<String>> session =
      add("--session", "ID", new Session(), Optional.empty(), "The session to resume.");

  private final Setting<Duration> giveUpAfter =
      add(
          "--give-up-after",
          "DURATION",
          new Values.AnyDuration(),
          Duration.ofSeconds(60),
          "How long to go on without a connection (default: 60s).");

  private final Setting<Duration> connectTimeout =
      add(
          "--connect-timeout",
          "DURATION",
          new Values.PositiveDuration(),
          Duration.ofSeconds(5),
          "How long a handshake may take (default: 5s).");

  private final Setting<Duration> welcomeTimeout =
      add(
          "--welcome-timeout",
          "DURATION",
          new Values.PositiveDuration(),
          Duration.ofSeconds(15),
          "How long the welcome may take after it (default: 15s).");

  private final Setting<Duration> pingInterval =
      add(
          "--ping-interval",
          "DURATION",
          new Values.PositiveDuration(),
          Duration.ofSeconds(5),
          "Silence before a ping, and the time for its pong (default: 5s).");

  private final Setting<Integer> maxUnacknowledged =
      add(
          "--max-unacknowledged",
          "N",
          new Values.PositiveInt(),
          256,
          "Lines that may wait for their count (default: 256).");

  private final Setting<Optional<String>> tokenFile =
      add(
          "--token-file",
          "FILE",
          new Values.OptionalText(),
          Optional.empty(),
          "A file with the token, read again for each attempt.");

  private final Setting<Optional<String>> tokenCommand =
      add(
          "--token-command",
          "COMMAND",
          new Values.OptionalText(),
          Optional.empty(),
          "A command of the shell that prints a token, run for each attempt.");

  /** The command with the defaults of its flags. */
  public ClientCommand() {
    spec.usageMessage()
        .description("Send lines from standard input, see them counted, survive restarts.")
        .footer(
            "",
            "Counts go to standard output, everything else to standard error.",
            "Exit code: 0 if every line was counted once and the server kept every count, 1 if"
                + " not, 2 for a bad argument.");
    spec.addPositional(
        uri.argument(
            "URL", new WebSocketUri(), "Where the server is (default: ${DEFAULT-VALUE})."));
  }

  private <T> Setting<T> add(
      String flag, String label, ITypeConverter<T> converter, T initial, String description) {
    Setting<T> setting = new Setting<>(initial);
    spec.addOption(setting.flag(flag, label, converter, description).build());
    return setting;
  }

  /**
   * The command's flags, for the parser that fills them.
   *
   * @return of this command alone, without {@code --help}; always the same
   */
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public Integer call() throws IOException, InterruptedException, ExecutionException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    boolean interactive = Terminal.isAttached();
    ClientReport outcome;
    try (ChatClient client =
        new ChatClient(
            new ClientSettings(
                uri.value(),
                session.value(),
                maxUnacknowledged.value(),
                giveUpAfter.value(),
                connectTimeout.value(),
                welcomeTimeout.value(),
                pingInterval.value(),
                tokens()),
            new Screen(out, err, interactive))) {
      client.start();
      outcome =
          pump(
              new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), client);
    }
    out.flush();
    outcome.failure().ifPresent(reason -> err.println("tally-server client: " + reason));
    err.printf(
        Locale.ROOT,
        "sent %d, counted %d, lost %d, duplicated %d, reconnects %d, slowest gap %d ms%s%n",
        outcome.sent(),
        outcome.counted(),
        outcome.lost(),
        outcome.duplicated(),
        outcome.reconnects(),
        outcome.slowestGapMillis(),
        outcome.sessionId().map(id -> ", session " + id).orElse(""));
    err.flush();
    return outcome.isClean() ? 0 : 1;
  }

  private Optional<TokenSource> tokens() {
    if (tokenFile.value().isPresent() && tokenCommand.value().isPresent()) {
      throw new ParameterException(
          spec.commandLine(), "--token-file and --token-command are given together: only one may");
    }
    return tokenCommand
        .value()
        .<TokenSource>map(command -> new TokenSource.OfCommand(command, connectTimeout.value()))
        .or(() -> tokenFile.value().map(file -> new TokenSource.InFile(Path.of(file))));
  }

  /** Reads on a thread of its own: a client that gave up must not wait for the next line. */
  private static ClientReport pump(BufferedReader lines, ChatClient client)
      throws InterruptedException, ExecutionException {
    Thread reader =
        new Thread(
            () -> {
              try {
                String line = lines.readLine();
                while (line != null && client.send(line)) {
                  line = lines.readLine();
                }
                client.finish();
              } catch (IOException | InterruptedException e) {
                client.finish();
              }
            },
            "tally-client-input");
    reader.setDaemon(true);
    reader.start();
    return client.outcome().get();
  }

  private record Screen(PrintWriter out, PrintWriter err, boolean interactive) implements Observer {
    @Override
    public void counted(long number) {
      out.println(number);
      out.flush();
    }

    @Override
    public void connected(String sessionId, long count, boolean resumed) {
      if (interactive || resumed) {
        note(
            String.format(
                Locale.ROOT, "%s session %s at %d", resumed ? "resumed" : "new", sessionId, count));
      }
    }

    @Override
    public void heartbeat(String timestamp) {
      if (interactive) {
        note("heartbeat " + timestamp);
      }
    }

    @Override
    public void note(String text) {
      err.println("* " + text);
      err.flush();
    }
  }

  /** ws or wss, without a query: that is this client's own. */
  static final class WebSocketUri implements ITypeConverter<URI> {
    private static final int MAX_PORT = 65_535;

    @Override
    public URI convert(String text) {
      try {
        URI uri = URI.create(text);
        boolean webSocket = "ws".equals(uri.getScheme()) || "wss".equals(uri.getScheme());
        if (webSocket
            && uri.getHost() != null
            && uri.getPort() != 0
            && uri.getPort() <= MAX_PORT
            && uri.getRawQuery() == null
            && uri.getRawFragment() == null) {
          return uri.getRawPath().isEmpty() ? uri.resolve("/ws/chat/") : uri;
        }
      } catch (IllegalArgumentException e) {
        // The sentence below says what there is to say.
      }
      throw new TypeConversionException(
          "'" + text + "' is not an address such as ws://127.0.0.1:8000/ws/chat/");
    }
  }

  /** A UUID. */
  static final class Session implements ITypeConverter<Optional<String>> {
    @Override
    public Optional<String> convert(String text) {
      try {
        return Optional.of(SessionId.parse(text).text());
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException("'" + text + "': " + e.getMessage());
      }
    }
  }
}
