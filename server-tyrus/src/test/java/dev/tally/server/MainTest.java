package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.settings.EnvironmentSettings;
import dev.tally.server.settings.ServerSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class MainTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void aFlagWinsOverAVariableAndAVariableOverTheDefault() {
    Map<String, String> environment = Map.of("PORT", "1234", "TALLY_HEARTBEAT", "5s", "HOST", "");

    assertThat(run(environment, "--port", "99", "--print-config")).isZero();

    assertThat(out.toString().lines())
        .contains("PORT=99", "TALLY_HEARTBEAT=5s", "HOST=0.0.0.0", "TALLY_SESSION_TTL=1h");
  }

  @Test
  void linksToOtherServicesAreNoSettings() {
    Map<String, String> environment =
        Map.of("ADMIN_PORT", "tcp://10.96.0.7:9001", "TALLY_PORT", "tcp://10.96.0.8:80");
    assertThat(run(environment, "--print-config")).isZero();
    assertThat(out.toString()).contains("\nADMIN_PORT=8001\n").contains("\nPORT=8000\n");
  }

  @Test
  void aListIsSplitAtItsCommasInAFlagAndInAVariable() {
    Map<String, String> environment = Map.of("TALLY_TRUSTED_PROXIES", "10.0.0.0/8 , ::1");

    assertThat(run(environment, "--allowed-origins", "https://a,http://b", "--print-config"))
        .isZero();

    assertThat(out.toString().lines())
        .contains(
            "TALLY_ALLOWED_ORIGINS=https://a,http://b", "TALLY_TRUSTED_PROXIES=10.0.0.0/8,::1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        "null",
        "file://",
        "https://[::1]:8443",
        "capacitor://localhost",
        "https://my_app.example",
        "chrome-extension://aapocclcgogkmnckokdopfmhonfmgoek"
      })
  void anOriginIsWhatABrowserSends(String origin) {
    assertThat(run(Map.of(), "--allowed-origins", origin, "--print-config")).isZero();

    assertThat(out.toString().lines()).contains("TALLY_ALLOWED_ORIGINS=" + origin);
  }

  @Test
  void theRedisLoginIsNotPrinted() {
    assertThat(run(Map.of(), "--redis-url", "redis://me:sec%2Fret@h:6379", "--print-config"))
        .isZero();

    assertThat(out.toString()).contains("REDIS_URL=redis://***@h:6379\n").doesNotContain("ret");

    assertThat(run(Map.of(), "--redis-url", "redis://me:sec/ret@h:6379", "--print-config"))
        .isEqualTo(2);

    assertThat(err.toString()).contains("redis://***@h:6379").doesNotContain("ret@");
  }

  @Test
  void theRedisUrlMayStandInAFile(@TempDir Path directory) throws IOException {
    Path file =
        Files.writeString(directory.resolve("url"), "rediss://me:secret@h?pool_size=0\r\n\n");

    assertThat(run(Map.of("REDIS_URL_FILE", file.toString()), "--print-config")).isEqualTo(2);

    assertThat(err.toString())
        .startsWith("tally-server: Invalid value for option '--redis-url-file': ")
        .contains("'" + file + "'", "pool_size must be a number from 1")
        .doesNotContain("secret");

    Files.writeString(file, "rediss://me:secret@h\n");

    assertThat(run(Map.of(), "--redis-url-file", file.toString(), "--print-config")).isZero();

    assertThat(out.toString().lines()).contains("REDIS_URL_FILE=" + file, "REDIS_URL=");
  }

  @Test
  void aFileWithoutARedisUrlIsRefusedAndNotShown(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("url"), "redis://h\n");

    assertThat(run(Map.of("REDIS_URL", "redis://h"), "--redis-url-file", file.toString()))
        .isEqualTo(2);
    assertRefused("together with --redis-url");

    Files.writeString(file, "hunter2\n");
    assertThat(run(Map.of(), "--redis-url-file", file.toString())).isEqualTo(2);
    assertRefused("must start with redis://");

    Files.writeString(file, "\n");
    assertThat(run(Map.of(), "--redis-url-file", file.toString())).isEqualTo(2);
    assertRefused("must have between 1 and 65536 bytes");

    assertThat(run(Map.of(), "--redis-url-file", "/dev/zero")).isEqualTo(2);
    assertRefused("must have between 1 and 65536 bytes");

    assertThat(run(Map.of(), "--redis-url-file", directory.toString())).isEqualTo(2);
    assertRefused("cannot be read: ");

    assertThat(run(Map.of(), "--redis-url-file", directory + "/none")).isEqualTo(2);
    assertRefused("none' does not exist");
  }

  @Test
  void aMessageLogNeedsRedisAndANumberOfPartitions() {
    assertThat(run(Map.of("TALLY_MESSAGE_LOG", "on"))).isEqualTo(2);
    assertThat(err.toString())
        .startsWith(
            "tally-server: Invalid value for option '--message-log': 'on' needs"
                + " Redis: set --redis-url or --redis-url-file");
    err.getBuffer().setLength(0);

    assertThat(run(Map.of("REDIS_URL", "redis://h"), "--message-log-partitions", "1025"))
        .isEqualTo(2);
    assertThat(err.toString())
        .startsWith(
            "tally-server: Invalid value for option '--message-log-partitions': partitions must be"
                + " from 1 to 1024, not 1025");

    Map<String, String> complete = Map.of("REDIS_URL", "redis://h", "TALLY_MESSAGE_LOG", "on");
    assertThat(run(complete, "--message-log-length", "0", "--print-config")).isZero();
    assertThat(out.toString().lines())
        .contains(
            "TALLY_MESSAGE_LOG=on",
            "TALLY_MESSAGE_LOG_PARTITIONS=16",
            "TALLY_MESSAGE_LOG_LENGTH=0");
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0,127.0.0.1",
    "127.0.0.1,0.0.0.0",
    "127.0.0.1,::",
    "::1,0.0.0.0",
    "192.0.2.1,192.0.2.1",
    "::1,0:0:0:0:0:0:0:1",
    "localhost,127.0.0.1",
  })
  void bothPortsMustDifferOnOneAddress(String host, String adminHost) {
    String[] arguments = {
      "--host", host, "--port=8001", "--admin-host", adminHost, "--print-config"
    };
    assertThat(run(Map.of(), arguments)).isEqualTo(2);
    assertThat(err.toString())
        .isEqualTo(
            "tally-server: Invalid value for option '--admin-port': '8001' must differ from --port,"
                + " since --host '%s' and --admin-host '%s' overlap. Try --help.%n",
            host, adminHost);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1,127.0.0.2,8001,8001",
    "192.0.2.1,::1,8001,8001",
    "127.0.0.1,127.0.0.1,0,0",
    "0.0.0.0,127.0.0.1,8000,8001",
  })
  void twoAddressesMayHaveOnePort(String host, String adminHost, String port, String adminPort) {
    String[] arguments = {
      "--host",
      host,
      "--port",
      port,
      "--admin-host",
      adminHost,
      "--admin-port",
      adminPort,
      "--print-config"
    };
    assertThat(run(Map.of(), arguments)).isZero();
  }

  private void assertRefused(String rule) {
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString())
        .contains("Invalid value for option '--redis-url-file': ", rule)
        .doesNotContain("hunter2");
    err.getBuffer().setLength(0);
  }

  @ParameterizedTest
  @CsvSource({
    "--redis-url,http://h,it must start with redis://",
    "--redis-url,redis://a?pool_size=0,pool_size must be a number from 1",
    "--redis-url,redis://a?speed=9,pool_size",
    "--redis-url,redis://a:0,port must be a number from 1",
    "--redis-url,redis://a/x,database must be a number",
    "--redis-url,'redis://a,b',several addresses",
    "--redis-url,redis+cluster://a/1,database 0 only",
    "--redis-url,redis+sentinel://a,master's name",
    "--redis-url,redis://a?read_timeout=61s,from 1ms to 60s",
    "--redis-url,rediss://a?ca_file=/no/such.pem,cannot be read as certificates",
    "--max-buffered-bytes,1000,less than four times --max-message-bytes",
  })
  void printConfigRefusesWhatAStartRefuses(String flag, String value, String rule) {
    assertThat(run(Map.of(), flag, value, "--print-config")).isEqualTo(2);

    assertThat(out.toString()).isEmpty();
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).contains("Invalid value for option '" + flag + "': ", rule);
    String printed = err.toString();
    err.getBuffer().setLength(0);

    assertThat(run(Map.of(), flag, value)).isEqualTo(2);

    assertThat(err.toString()).isEqualTo(printed);
  }

  @ParameterizedTest
  @CsvSource({
    "--port,65536,whole number from 0 to 65535",
    "--heartbeat,0s,1ms or longer",
    "--drain-timeout,soon,duration such as 1h",
    "--drain-timeout,300000d,longer than 366d",
    "--heartbeat,36500d,longer than 366d",
    "--session-ttl,PT10000H,longer than 366d",
    "--max-message-bytes,2147483647,whole number from 1 to 1073741824",
    "--max-pending-messages,0,whole number from 1",
    "--allowed-origins,https://a/b,origin such as",
    "--allowed-origins,https://a:65536,origin such as",
    "--allowed-origins,https://u@a,origin such as",
    "--allowed-origins,a.example,origin such as",
    "--max-head-bytes,511,whole number from 512 to 1048576",
    "--max-headers,7,whole number from 8 to 10000",
    "--allowed-hosts,https://a,host such as",
    "--trusted-proxies,10.0.0.0/33,block such as",
    "--color,a b,word of up to 32",
    "--log-level,loud,one of trace",
  })
  void aBadValueIsOneSentenceWithTheValueAndTheRule(String flag, String value, String rule) {
    assertThat(run(Map.of(), flag, value)).isEqualTo(2);

    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).contains(flag, value, rule);
  }

  @ParameterizedTest
  @CsvSource({
    "--connect-timeout,0s,1ms or longer",
    "--welcome-timeout,0s,1ms or longer",
    "--give-up-after,soon,duration such as 1h",
    "--max-unacknowledged,0,whole number from 1",
    "--session,42,UUID",
    "ws://h/?session_id=1,--session=x,address such as",
    "ws://h/#x,--session=x,address such as",
  })
  void aBadArgumentOfTheClientIsOneSentenceToo(String flag, String value, String rule) {
    assertThat(run(Map.of(), "client", flag, value)).isEqualTo(2);

    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).contains(flag, rule);
  }

  @Test
  void aBadVariableIsNamed() {
    assertThat(run(Map.of("PORT", "x"))).isEqualTo(2);

    assertThat(err.toString()).contains("'x'", "(from the environment variable PORT)");
  }

  @Test
  void theHelpNamesEveryFlagAndVariable() {
    assertThat(run(Map.of(), "--help")).isZero();

    assertThat(new ServerSettings().options()).isNotEmpty();
    new ServerSettings()
        .options()
        .forEach(
            option ->
                assertThat(out.toString())
                    .contains(option.longestName(), EnvironmentSettings.variable(option)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--version", "client --version"})
  void theVersionIsOneLineOfEitherCommand(String arguments) {
    assertThat(run(Map.of(), arguments.split(" "))).isZero();

    assertThat(out.toString()).startsWith("tally-server ").hasLineCount(1);
  }

  @Test
  void theDocumentedTableIsTheModel() throws IOException {
    StringBuilder table =
        new StringBuilder("| variable | flag | default | meaning |\n|---|---|---|---|\n");
    for (OptionSpec option : new ServerSettings().options()) {
      String initial = EnvironmentSettings.text(option.initialValue());
      table.append(
          String.format(
              Locale.ROOT,
              "| `%s` | `%s` | %s | %s |\n",
              EnvironmentSettings.variable(option),
              option.longestName(),
              initial.isEmpty() ? "none" : "`" + initial + "`",
              String.join(" ", option.description())));
    }

    assertThat(Files.readString(Path.of("../docs/operations/settings.md"))).contains(table);
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "tail"})
  void theFlagsOfASubcommandAreDocumented(String name) throws IOException {
    String document = Files.readString(Path.of("../docs/operations/" + name + ".md"));
    CommandLine command =
        Objects.requireNonNull(Main.commandLine(Map.of()).getSubcommands().get(name));

    assertThat(String.join(" ", command.getCommandSpec().usageMessage().footer()))
        .endsWith(exitCodes(document));
    assertThat(command.getCommandSpec().options())
        .filteredOn(option -> !option.usageHelp() && !option.versionHelp())
        .isNotEmpty()
        .allSatisfy(
            option -> {
              Matcher described =
                  Pattern.compile("(.*?)(?: \\(default: (.*)\\))?\\.")
                      .matcher(option.description()[0]);
              assertThat(described.matches()).isTrue();
              String value = described.group(2) == null ? "none" : "`" + described.group(2) + "`";
              assertThat(document)
                  .contains(
                      String.format(
                          Locale.ROOT,
                          "| `%s` | %s | %s. |",
                          option.longestName(),
                          value,
                          described.group(1)));
            });
  }

  /** The sentence on the exit codes of a subcommand. */
  private static String exitCodes(String document) {
    Matcher sentence = Pattern.compile("Exit code: 0 [^.]*\\.").matcher(document);
    assertThat(sentence.find()).isTrue();
    return sentence.group().replace('\n', ' ');
  }

  private int run(Map<String, String> environment, String... arguments) {
    return Main.commandLine(environment)
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
