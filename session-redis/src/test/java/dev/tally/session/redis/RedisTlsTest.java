package dev.tally.session.redis;

import static dev.tally.chat.testing.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.testing.RedisServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedisTlsTest {

  @TempDir private Path directory;

  @Test
  void trustedServerIsUsed() throws Exception {
    Path certificate = certificate("IP:127.0.0.1");
    try (RedisServer redis = start();
        SessionStore store = Sessions.store(url(redis, certificate))) {
      store.checkHealth();
      Sessions.open(store, 3).commitAndExpectStored(1);
    }
  }

  @Test
  void serverThatNobodyVouchesForIsRefused() throws Exception {
    certificate("IP:127.0.0.1");
    try (RedisServer redis = start();
        SessionStore store = Sessions.store("rediss://" + redis.address())) {
      assertThatThrownBy(store::checkHealth)
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("certification path");
    }
  }

  @Test
  void certificateMustNameTheServer() throws Exception {
    Path certificate = certificate("DNS:elsewhere.example");
    try (RedisServer redis = start();
        SessionStore store = Sessions.store(url(redis, certificate))) {
      assertThatThrownBy(store::checkHealth)
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("127.0.0.1");
    }
  }

  @Test
  void fileThatHoldsNoCertificatesIsSaid() throws Exception {
    Path empty = Files.writeString(directory.resolve("empty.pem"), "");

    assertThatThrownBy(() -> Sessions.store("rediss://localhost?ca_file=" + empty))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("contains no certificate");
    assertThatThrownBy(() -> Sessions.store("rediss://localhost?ca_file=" + directory + "/none"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot be read");
  }

  private static String url(RedisServer redis, Path certificate) {
    return "rediss://" + redis.address() + "?ca_file=" + certificate;
  }

  private RedisServer start() {
    return RedisServer.start(
        "port 0",
        "tls-port {port}",
        "tls-cert-file " + directory.resolve("server.pem"),
        "tls-key-file " + directory.resolve("server.key"),
        "tls-ca-cert-file " + directory.resolve("server.pem"),
        "tls-auth-clients no");
  }

  private Path certificate(String name) throws Exception {
    Path certificate = directory.resolve("server.pem");
    Process openssl =
        new ProcessBuilder(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=test",
                "-addext",
                "subjectAltName=" + name,
                "-keyout",
                directory.resolve("server.key").toString(),
                "-out",
                certificate.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("openssl.log").toFile())
            .start();
    assertThat(openssl.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(openssl.exitValue()).isZero();
    return certificate;
  }
}
