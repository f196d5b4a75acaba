package dev.tally.bench;

import dev.tally.chat.spi.MonotonicClock;
import dev.tally.server.auth.AuthSettings;
import dev.tally.server.auth.Issuer;
import dev.tally.server.auth.KeyLocation;
import dev.tally.server.auth.TokenVerifier;
import dev.tally.server.auth.Verdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.crypto.spec.SecretKeySpec;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The check of one token, as a selector thread does it in a handshake. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls setUp first
public class TokenCheck {

  private static final byte[] SECRET =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private static final int MORE_THAN_ARE_REMEMBERED = 11_000;

  private static final String CLAIMS =
      "{\"iss\":\"https://issuer.example\",\"aud\":\"tally\",\"sub\":\"auth0|65f0c0ffee\","
          + "\"iat\":1764590400,\"exp\":9999999999,\"scope\":\"chat\"}";

  /** How the token is signed; RSA with 2,048 bits. */
  @Param({"HS256", "RS256", "PS256", "ES256", "EdDSA"})
  public String algorithm;

  /** Whether it is a token that was checked before. */
  @Param({"false", "true"})
  public boolean known;

  private TokenVerifier verifier;
  private String[] tokens;
  private int next;

  /**
   * Makes a key, a verifier that has read it, and a token.
   *
   * @throws GeneralSecurityException if the JDK lacks the algorithm
   * @throws IOException if the key cannot be written to a file
   */
  @Setup
  public void setUp() throws GeneralSecurityException, IOException {
    KeyLocation location;
    if (algorithm.equals("HS256")) {
      location = new KeyLocation.Secret(new SecretKeySpec(SECRET, "HmacSHA256"));
      mint(claims -> Issuer.hs256(SECRET, claims));
    } else {
      Issuer issuer = Issuer.of(algorithm, "key");
      Path file = Files.createTempFile("tally", ".json");
      file.toFile().deleteOnExit();
      location = new KeyLocation.JwksFile(Files.writeString(file, Issuer.jwks(issuer)));
      mint(issuer::token);
    }
    verifier =
        new TokenVerifier(
            new AuthSettings(
                location,
                Optional.of("https://issuer.example"),
                Optional.of("tally"),
                AuthSettings.DEFAULT_LEEWAY,
                false),
            InstantSource.system(),
            MonotonicClock.system());
    verifier.start();
    while (!verifier.hasKeys()) {
      ServerProcess.sleep(Duration.ofMillis(10));
    }
    if (!(check() instanceof Verdict.Valid)) {
      throw new IllegalStateException("the token is not valid: " + check());
    }
  }

  /** Makes tokens. */
  private interface Mint {
    String token(String claims) throws GeneralSecurityException;
  }

  private void mint(Mint mint) throws GeneralSecurityException {
    tokens = new String[known ? 1 : MORE_THAN_ARE_REMEMBERED];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = mint.token(CLAIMS.replace("c0ffee", "" + i));
    }
  }

  /**
   * One check.
   *
   * @return that the token is valid
   */
  @Benchmark
  public Verdict check() {
    next = (next + 1) % tokens.length;
    return verifier.verify(tokens[next]);
  }
}
