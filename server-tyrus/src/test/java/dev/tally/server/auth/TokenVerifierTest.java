package dev.tally.server.auth;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.Subject;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.server.auth.Verdict.Invalid;
import dev.tally.server.auth.Verdict.Valid;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which tokens are valid, and what an attacker tries. */
class TokenVerifierTest {

  private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes(US_ASCII);
  private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");
  private static final long SECONDS = NOW.getEpochSecond();
  private static final String CLAIMS = "{\"sub\":\"alice\",\"exp\":" + (SECONDS + 3600) + "}";
  private static final Issuer RSA = issuer("RS256");

  private static Issuer issuer(String algorithm) {
    try {
      return Issuer.of(algorithm, "key-1");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static TokenVerifier withSecret(Duration leeway) {
    KeyCache keys =
        new KeyCache(KeySet.of(new SecretKeySpec(SECRET, "HmacSHA256")), MonotonicClock.system());
    KeyLocation location = new KeyLocation.Secret(new SecretKeySpec(SECRET, "HmacSHA256"));
    return new TokenVerifier(
        new AuthSettings(location, Optional.of("https://i"), Optional.of("tally"), leeway, false),
        () -> NOW,
        keys);
  }

  private static TokenVerifier withKeys(String jwks) {
    KeyLocation location = new KeyLocation.JwksFile(Path.of("keys.json"));
    return new TokenVerifier(
        new AuthSettings(
            location, Optional.empty(), Optional.empty(), Duration.ofSeconds(60), false),
        () -> NOW,
        new KeyCache(KeySet.parse(jwks), MonotonicClock.system()));
  }

  private static String claims(String more) {
    return "{\"sub\":\"alice\",\"iss\":\"https://i\",\"aud\":\"tally\"" + more + "}";
  }

  private static Verdict withClaims(Duration leeway, String claims)
      throws GeneralSecurityException {
    return withSecret(leeway).verify(Issuer.hs256(SECRET, claims));
  }

  private static void assertInvalid(Verdict verdict, String part) {
    assertThat(verdict).isInstanceOf(Invalid.class);
    // RFC 6750, section 3: no quotes, no backslashes.
    assertThat(((Invalid) verdict).sentence())
        .contains(part)
        .matches("[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+\\.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "PS256", "ES256", "EdDSA"})
  void areValidWithASignatureOfTheKeySet(String algorithm) throws Exception {
    Issuer issuer = Issuer.of(algorithm, "key-1");
    TokenVerifier verifier = withKeys(Issuer.jwks(RSA, issuer));

    assertThat(verifier.verify(issuer.token(CLAIMS)))
        .isEqualTo(
            new Valid(
                new Authenticated(new Subject("alice"), Instant.ofEpochSecond(SECONDS + 3600))));
    Issuer other = Issuer.of(algorithm, "key-1");
    assertInvalid(verifier.verify(other.token(CLAIMS)), "signature is wrong");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "PS256", "ES256", "EdDSA"})
  void areInvalidIfOneBitIsChanged(String algorithm) throws Exception {
    Issuer issuer = Issuer.of(algorithm, "key-1");
    TokenVerifier verifier = withKeys(Issuer.jwks(issuer));
    String token = issuer.token(CLAIMS);
    String changed = token.replace(Issuer.encode(CLAIMS), Issuer.encode(CLAIMS.replace('a', 'b')));
    assertThat(verifier.verify(changed)).isInstanceOf(Invalid.class);

    int dot = token.lastIndexOf('.');
    byte[] signature = Base64.getUrlDecoder().decode(token.substring(dot + 1));
    for (int i = 0; i < signature.length; i++) {
      signature[i] ^= 1;
      assertThat(verifier.verify(token.substring(0, dot + 1) + base64(signature)))
          .isInstanceOf(Invalid.class);
      signature[i] ^= 1;
    }
    // CVE-2022-21449: all zeros once were a signature of everything.
    for (int length : List.of(0, 1, 63, 64, 65, 256)) {
      assertThat(verifier.verify(token.substring(0, dot + 1) + base64(new byte[length])))
          .isInstanceOf(Invalid.class);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  @Test
  void doNotMakeASecretOfAPublicKey() throws Exception {
    TokenVerifier verifier = withKeys(Issuer.jwks(RSA));
    byte[] der = RSA.publicKey().getEncoded();
    String pem =
        "-----BEGIN PUBLIC KEY-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
            + "\n-----END PUBLIC KEY-----\n";
    for (byte[] secret : List.of(der, pem.getBytes(UTF_8), RSA.jwk().getBytes(UTF_8))) {
      for (String header :
          List.of("{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"kid\":\"key-1\"}")) {
        assertInvalid(
            verifier.verify(Issuer.hs256(secret, header, CLAIMS)),
            "algorithm is not one of ES256, EdDSA, PS256, RS256");
      }
    }
  }

  @Test
  void needAnAlgorithmOfTheList() throws Exception {
    String unsigned = Issuer.encode("{\"alg\":\"none\"}") + "." + Issuer.encode(CLAIMS) + ".";
    for (TokenVerifier verifier : List.of(withKeys(Issuer.jwks(RSA)), withSecret(Duration.ZERO))) {
      assertInvalid(verifier.verify(unsigned), "not a signed JSON Web Token");
      for (String algorithm :
          List.of("None", "NONE", "HS384", "RS512", "ES384", "hs256", "", "HS256 ", "dir")) {
        assertThat(verifier.verify(Issuer.hs256(SECRET, "{\"alg\":\"" + algorithm + "\"}", CLAIMS)))
            .isInstanceOf(Invalid.class);
      }
    }
    assertInvalid(withSecret(Duration.ZERO).verify(RSA.token(CLAIMS)), "not one of HS256");
  }

  @Test
  void useAKeyForItsOwnAlgorithmOnly() throws Exception {
    Issuer pss = Issuer.of("PS256", "key-1");
    String onlyRs256 =
        Issuer.jwks(pss).replace("\"use\":\"sig\"", "\"use\":\"sig\",\"alg\":\"RS256\"");
    assertThat(withKeys(Issuer.jwks(pss)).verify(pss.token(CLAIMS))).isInstanceOf(Valid.class);
    assertInvalid(withKeys(onlyRs256).verify(pss.token(CLAIMS)), "key that is not known");
    assertThat(
            withKeys(Issuer.jwks(RSA))
                .verify(RSA.token("{\"alg\":\"ES256\",\"kid\":\"key-1\"}", CLAIMS)))
        .isInstanceOf(Invalid.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../../dev/null",
        "/dev/zero",
        "http://127.0.0.1:1/jwks.json",
        "file:///etc/passwd",
        "' OR '1'='1",
        "key-1'; DROP TABLE keys; --",
        "key-1\\u0000",
        "${jndi:ldap://127.0.0.1:1/a}",
        ""
      })
  void useTheKidForNothingButAComparison(String kid) throws Exception {
    String header = "{\"alg\":\"RS256\",\"kid\":\"" + kid + "\"}";
    assertInvalid(
        withKeys(Issuer.jwks(RSA)).verify(RSA.token(header, CLAIMS)), "key that is not known");
    // An empty file, the secret of those who follow such a path.
    assertThat(
            withSecret(Duration.ZERO)
                .verify(
                    Issuer.hs256(
                        new byte[1], "{\"alg\":\"HS256\",\"kid\":\"" + kid + "\"}", CLAIMS)))
        .isInstanceOf(Invalid.class);
  }

  @Test
  void areTriedWithAllKeysOfTheirKindIfTheyHaveNoKid() throws Exception {
    Issuer first = Issuer.of("ES256", "a");
    Issuer second = Issuer.of("ES256", "b");
    TokenVerifier verifier = withKeys(Issuer.jwks(RSA, first, second));
    assertThat(verifier.verify(second.token("{\"alg\":\"ES256\"}", CLAIMS)))
        .isInstanceOf(Valid.class);
    assertThat(verifier.verify(second.token("{\"alg\":\"ES256\",\"kid\":\"a\"}", CLAIMS)))
        .isInstanceOf(Invalid.class);
  }

  @Test
  void doNotBringTheirOwnKeys() throws Exception {
    Issuer attacker = Issuer.of("RS256", "key-1");
    TokenVerifier verifier = withKeys(Issuer.jwks(RSA));
    for (String member :
        List.of(
            "\"jwk\":" + attacker.jwk(),
            "\"jku\":\"http://127.0.0.1:1/jwks.json\"",
            "\"x5u\":\"http://127.0.0.1:1/cert.pem\"",
            "\"x5c\":[\"AAAA\"]")) {
      String header = "{\"alg\":\"RS256\",\"kid\":\"key-1\"," + member + "}";
      assertThat(verifier.verify(attacker.token(header, CLAIMS))).isInstanceOf(Invalid.class);
    }
    // Some issuers name their own key set: that alone is no fault.
    String header = "{\"alg\":\"RS256\",\"kid\":\"key-1\",\"jku\":\"https://issuer.example/\"}";
    assertThat(verifier.verify(RSA.token(header, CLAIMS))).isInstanceOf(Valid.class);
  }

  @Test
  void haveNoCriticalExtensions() throws Exception {
    for (String member : List.of("\"crit\":[\"x\"],\"x\":1", "\"crit\":[\"b64\"],\"b64\":false")) {
      assertThat(
              withKeys(Issuer.jwks(RSA))
                  .verify(RSA.token("{\"alg\":\"RS256\"," + member + "}", CLAIMS)))
          .isInstanceOf(Invalid.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, true",
    "0, 0, false",
    "0, -1, false",
    "60, -59, true",
    "60, -60, false",
    "60, -61, false",
    "60, -300, false",
    "301, -300, true",
  })
  void expire(int leeway, int expiresIn, boolean valid) throws Exception {
    Verdict verdict =
        withClaims(Duration.ofSeconds(leeway), claims(",\"exp\":" + (SECONDS + expiresIn)));
    assertThat(verdict instanceof Valid).isEqualTo(valid);
    if (!valid) {
      assertInvalid(verdict, "expired");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, true",
    "0, 1, false",
    "60, 60, true",
    "60, 61, false",
    "60, 300, false",
    "300, 300, true",
  })
  void beginAtTheirNbf(int leeway, int validIn, boolean valid) throws Exception {
    String times = ",\"exp\":" + (SECONDS + 3600) + ",\"nbf\":" + (SECONDS + validIn);
    Verdict verdict = withClaims(Duration.ofSeconds(leeway), claims(times));
    assertThat(verdict instanceof Valid).isEqualTo(valid);
    if (!valid) {
      assertInvalid(verdict, "not valid yet");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"sub\":\"a\",\"iss\":\"https://i\",\"aud\":\"tally\"}|has no exp",
        "{\"sub\":\"a\",\"iss\":\"https://i/\",\"aud\":\"tally\",\"exp\":9999999999}|iss",
        "{\"sub\":\"a\",\"aud\":\"tally\",\"exp\":9999999999}|iss",
        "{\"sub\":\"a\",\"iss\":\"https://i\",\"exp\":9999999999}|aud",
        "{\"sub\":\"a\",\"iss\":\"https://i\",\"aud\":[\"other\"],\"exp\":9999999999}|aud",
        "{\"iss\":\"https://i\",\"aud\":\"tally\",\"exp\":9999999999}|no sub",
        "{\"sub\":\"\",\"iss\":\"https://i\",\"aud\":\"tally\",\"exp\":9999999999}|no sub",
        "{\"sub\":\"a\\nb\",\"iss\":\"https://i\",\"aud\":\"tally\",\"exp\":9999999999}|control",
        "{\"sub\":\"\\u0000\",\"iss\":\"https://i\",\"aud\":\"tally\",\"exp\":9999999999}|control",
        "{\"sub\":\"\\ud800\",\"iss\":\"https://i\",\"aud\":\"tally\",\"exp\":9999999999}|Unicode",
        "{\"sub\":7,\"iss\":\"https://i\",\"aud\":\"tally\",\"exp\":9999999999}|no sub",
        "{\"sub\":\"a\",\"iss\":\"https://i\",\"aud\":\"tally\",\"exp\":\"soon\"}|claims",
        "{\"sub\":\"a\",\"iss\":\"https://i\",\"aud\":\"tally\",\"exp\":1e300}|",
        "[]|",
        "7|claims",
        "{|claims",
      })
  void needProperClaims(String claims, String part) throws Exception {
    assertInvalid(withClaims(Duration.ZERO, claims), part == null ? "" : part);
  }

  @Test
  void boundTheSubject() throws Exception {
    String start = "{\"iss\":\"https://i\",\"aud\":[\"a\",\"tally\"],\"exp\":9999999999,\"sub\":\"";
    assertThat(withClaims(Duration.ZERO, start + "é".repeat(255) + "\"}"))
        .isInstanceOf(Valid.class);
    assertInvalid(
        withClaims(Duration.ZERO, start + "é".repeat(256) + "\"}"), "more than 255 characters");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "eyJhbGciOiJSUzI1NiJ9",
        "eyJhbGciOiJSUzI1NiJ9..",
        "eyJhbGciOiJSUzI1NiJ9.e30.",
        "e30.e30.e30",
        "W10.W10.W10",
        "%00.%00.%00",
        "🦆.🦆.🦆"
      })
  void areInvalidIfTheyAreNoTokens(String token) {
    assertThat(withKeys(Issuer.jwks(RSA)).verify(token)).isInstanceOf(Invalid.class);
    assertThat(withSecret(Duration.ZERO).verify(token)).isInstanceOf(Invalid.class);
  }

  @Test
  void doNotExhaustTheStack() throws Exception {
    String nested = "[".repeat(6000);
    String header = Issuer.encode("{\"alg\":\"RS256\",\"x\":" + nested);
    assertThat(withKeys(Issuer.jwks(RSA)).verify(header + ".e30.e30")).isInstanceOf(Invalid.class);
    assertThat(withClaims(Duration.ZERO, claims(",\"x\":" + nested))).isInstanceOf(Invalid.class);
  }

  @Test
  void expireAlsoAfterTheyWereValid() throws Exception {
    AtomicReference<Instant> now = new AtomicReference<>(NOW);
    TokenVerifier verifier =
        new TokenVerifier(
            new AuthSettings(
                new KeyLocation.Secret(new SecretKeySpec(SECRET, "HmacSHA256")),
                Optional.empty(),
                Optional.empty(),
                Duration.ofSeconds(60),
                false),
            now::get,
            MonotonicClock.system());
    String token = Issuer.hs256(SECRET, CLAIMS);
    assertThat(verifier.verify(token)).isInstanceOf(Valid.class);
    now.set(NOW.plusSeconds(3659));
    assertThat(verifier.verify(token)).isInstanceOf(Valid.class);
    now.set(NOW.plusSeconds(3660));
    assertInvalid(verifier.verify(token), "expired");
  }

  @Test
  void areRememberedUpToABoundAndForTheKeysThatCheckedThem() {
    KeySet keys = KeySet.of(new SecretKeySpec(SECRET, "HmacSHA256"));
    Authenticated alice = new Authenticated(new Subject("alice"), NOW);
    VerifiedTokens tokens = new VerifiedTokens();
    for (int i = 0; i <= VerifiedTokens.MAX; i++) {
      tokens.put(keys, VerifiedTokens.digest("token" + i), alice);
    }
    assertThat(tokens.get(keys, VerifiedTokens.digest("token0"))).isNull();
    assertThat(tokens.get(keys, VerifiedTokens.digest("token1"))).isEqualTo(alice);

    KeySet changed = KeySet.of(new SecretKeySpec(SECRET, "HmacSHA256"));
    assertThat(tokens.get(changed, VerifiedTokens.digest("token1"))).isNull();
    tokens.put(changed, VerifiedTokens.digest("token2"), alice);
    assertThat(tokens.get(keys, VerifiedTokens.digest("token1"))).isNull();
  }

  /** Signed, so that the claims are read as well. */
  @Test
  void haveAVerdictWhateverIsInTheirMembers() throws Exception {
    List<String> values =
        List.of(
            "null",
            "7",
            "-1",
            "1e999",
            "\"\"",
            "\"a\"",
            "[]",
            "[null]",
            "{}",
            "{\"a\":{}}",
            "true");
    List<String> names = List.of("alg", "kid", "typ", "cty", "crit", "b64", "jwk", "jku", "x5u");
    for (String name :
        Stream.concat(names.stream(), Stream.of("x5t", "x5t#S256", "x5c", "iv", "")).toList()) {
      for (String value : values) {
        String header = "{\"alg\":\"HS256\",\"" + name + "\":" + value + "}";
        assertThat(withSecret(Duration.ZERO).verify(Issuer.hs256(SECRET, header, CLAIMS)))
            .isNotNull();
      }
    }
    for (String name : List.of("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "")) {
      for (String value : values) {
        String token = Issuer.hs256(SECRET, claims(",\"" + name + "\":" + value));
        assertThat(withSecret(Duration.ZERO).verify(token)).isInstanceOf(Invalid.class);
      }
    }
  }
}
