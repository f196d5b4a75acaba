package dev.tally.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.auth.Issuer;
import dev.tally.server.auth.KeyServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What the flags of authentication take, what they refuse, and what they make the server load. */
class AuthFlagsTest {

  private static final String SECRET = "0123456789abcdef0123456789abcdef";

  @TempDir private Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int print(String... arguments) {
    CommandLine command = Main.commandLine(Map.of());
    command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--print-config");
    return command.execute(all.toArray(String[]::new));
  }

  private String file(String name, String content) throws Exception {
    return Files.writeString(directory.resolve(name), content).toString();
  }

  private void refuses(String flag, String sentence, String... arguments) {
    assertThat(print(arguments)).isEqualTo(2);
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString())
        .startsWith("tally-server: Invalid value for option '" + flag + "'")
        .contains(sentence)
        .doesNotContain(SECRET, "hunter2");
    err.getBuffer().setLength(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://issuer.example/.well-known/jwks.json",
        "http://127.0.0.1:8080/jwks?format=json",
        "http://localhost/jwks",
        "http://[::1]:1/"
      })
  void takeAUrlThatNobodyOnTheWayCanChange(String url) {
    assertThat(print("--auth-jwks", url)).isZero();
    assertThat(out.toString().lines()).contains("TALLY_AUTH_JWKS=" + url);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://issuer.example/jwks",
        "http://127.0.0.1.issuer.example/",
        "http://localhost@issuer.example/",
        "https://me:hunter2@issuer.example/",
        "ftp://issuer.example/",
        "https:///jwks",
        "https://a b/"
      })
  void refuseOtherUrls(String url) {
    refuses("--auth-jwks", "is not a file, an https URL without a login", "--auth-jwks", url);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "\r\n"})
  void takeASecretWithoutItsLastNewline(String end) throws Exception {
    String path = file("secret", SECRET + end);
    assertThat(print("--auth-secret-file", path)).isZero();
    assertThat(out.toString()).contains("TALLY_AUTH_SECRET_FILE=" + path).doesNotContain(SECRET);
  }

  @Test
  void refuseAShortOrMissingSecret() throws Exception {
    String path = file("secret", "0123456789abcdef0123456789abcde\n");
    refuses(
        "--auth-secret-file",
        "'" + path + "' has 31 bytes without its last newline, and needs 32 or more",
        "--auth-secret-file",
        path);
    refuses(
        "--auth-secret-file", "none' does not exist", "--auth-secret-file", directory + "/none");
    refuses("--auth-secret-file", "has more than 65536 bytes", "--auth-secret-file", "/dev/zero");
  }

  @Test
  void refuseAKeySetThatCannotBeUsed() throws Exception {
    refuses("--auth-jwks", "cannot be used: it does not exist", "--auth-jwks", "/does/not/exist");
    refuses("--auth-jwks", "it is no JSON Web Key Set: ", "--auth-jwks", file("a", "no JSON"));
    refuses("--auth-jwks", "it has no key for ", "--auth-jwks", file("b", "{\"keys\":[]}"));
    refuses("--auth-jwks", "longer than 1048576 bytes", "--auth-jwks", "/dev/zero");
    String secret = "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" + Issuer.encode(SECRET) + "\"}]}";
    refuses("--auth-jwks", "it has no key for ", "--auth-jwks", file("c", secret));
    String keys = file("d", Issuer.jwks(Issuer.of("ES256", "k")));
    assertThat(print("--auth-jwks", keys)).isZero();
  }

  @Test
  void refuseTwoKindsOfKeys() throws Exception {
    String path = file("secret", SECRET);
    refuses(
        "--auth-secret-file",
        "'" + path + "' is given with --auth-jwks",
        "--auth-secret-file",
        path,
        "--auth-jwks",
        "https://a/");
  }

  @ParameterizedTest
  @CsvSource({
    "--auth-issuer,https://a",
    "--auth-audience,tally",
    "--auth-leeway,5m",
    "--auth-query,on"
  })
  void refuseRulesForTokensWithoutKeys(String flag, String value) {
    refuses(
        flag, "'" + value + "' is given without --auth-jwks or --auth-secret-file", flag, value);
  }

  @Test
  void loadTheLibraryOnlyIfTheyAreGiven() throws Exception {
    assertThat(classesOf("--auth-secret-file", file("secret", SECRET)))
        .contains(" com.nimbusds.", " dev.tally.server.auth.TokenVerifier ");
    assertThat(classesOf())
        .contains(" dev.tally.server.handshake.Authentication ")
        .doesNotContain("com.nimbusds", "java.net.http");
  }

  @Test
  void makeTheServerWaitForTheKeysOfAUrl() throws Exception {
    try (KeyServer keys = new KeyServer();
        Processes processes = new Processes(directory)) {
      String url = keys.url().toString();
      Process server = launch(processes, "", "--auth-jwks", url, "--auth-audience", "tally");
      Await.until(() -> processes.output("server").contains("\"event\":\"keys_unavailable\""));
      assertThat(processes.output("server"))
          .contains("\"auth\":\"jwks\"", url + ": it answered 503 in place of 200")
          .doesNotContain("\"event\":\"ready\"", "set --auth-audience");

      keys.answers(KeyServer.json(Issuer.jwks(Issuer.of("EdDSA", "k"))));
      assertThat(processes.port("server")).isPositive();
      // Ready is what another thread says.
      Await.until(() -> processes.output("server").contains("\"event\":\"keys\",\"keys\":1"));
      server.destroy();
      assertThat(Processes.exitCode(server)).isZero();
    }
  }

  @Test
  void makeTheServerTakeKeysOverTlsFromAServerThatItTrustsOnly() throws Exception {
    Path store = directory.resolve("keys.p12");
    keytool(
        "-genkeypair -alias k -keyalg EC -dname CN=localhost -ext san=dns:localhost -keystore "
            + store
            + " -storetype PKCS12 -storepass changeit");
    try (KeyServer keys = KeyServer.withTls(store, "changeit");
        Processes processes = new Processes(directory)) {
      keys.answers(KeyServer.json(Issuer.jwks(Issuer.of("EdDSA", "k"))));
      String[] flags = {"--auth-jwks", keys.url().toString()};
      Process stranger = launch(processes, "", flags);
      Await.until(() -> processes.output("server").contains("SSLHandshakeException"));
      stranger.destroy();
      assertThat(Processes.exitCode(stranger)).isZero();

      String trust =
          "-Djavax.net.ssl.trustStore=" + store + " -Djavax.net.ssl.trustStorePassword=changeit";
      launch(processes, trust, flags);
      assertThat(processes.port("server")).isPositive();
    }
  }

  private static void keytool(String arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments.split(" ", -1)));
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(keytool.getInputStream().readAllBytes(), UTF_8);
    assertThat(Processes.exitCode(keytool)).as(said).isZero();
  }

  @Test
  void letAServerWithoutKeysEndAsWell() throws Exception {
    try (KeyServer keys = new KeyServer();
        Processes processes = new Processes(directory)) {
      Process server = launch(processes, "", "--auth-jwks", keys.url().toString());
      Await.until(() -> processes.output("server").contains("\"event\":\"keys_unavailable\""));
      assertThat(processes.output("server")).contains("set --auth-audience");
      server.destroy();
      assertThat(Processes.exitCode(server)).isZero();
      assertThat(processes.output("server")).contains("\"event\":\"stop\"");
    }
  }

  private static Process launch(Processes processes, String options, String... arguments)
      throws Exception {
    List<String> all = new ArrayList<>(List.of("--port", "0", "--admin-port", "0"));
    all.addAll(List.of("--host", "127.0.0.1", "--log-format", "json"));
    all.addAll(List.of(arguments));
    return processes.launch("server", options, all.toArray(String[]::new));
  }

  /** Of a server that was started and had one client. */
  private String classesOf(String... arguments) throws Exception {
    Path classes = directory.resolve("classes");
    try (Processes processes = new Processes(directory)) {
      String log = "-Xlog:class+load:file=" + classes;
      Process server = launch(processes, log, arguments);
      try (RawClient client = new RawClient(processes.port("server"))) {
        client.send(RawClient.handshake("/ws/chat/").getBytes(UTF_8));
        assertThat(client.response().status()).matches("(101|401) .*");
      }
      server.destroy();
      assertThat(Processes.exitCode(server)).isZero();
    }
    return Files.readString(classes);
  }
}
