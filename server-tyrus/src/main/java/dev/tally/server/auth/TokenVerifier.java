package dev.tally.server.auth;

import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.spi.MonotonicClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.text.ParseException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Checks tokens: JSON Web Tokens (RFC 7519) with a signature (RFC 7515) by one of the known keys.
 * What a token says about its keys ({@code jku}, {@code x5u}, {@code jwk}) is ignored. Safe for
 * concurrent use; {@link #verify} does not block.
 */
public final class TokenVerifier implements AutoCloseable {

  private static final Set<String> WITH_KEY_SET = Set.of("RS256", "PS256", "ES256", "EdDSA");
  private static final Set<String> WITH_SECRET = Set.of("HS256");

  /** OpenID Connect Core, section 2. */
  private static final int MAX_SUBJECT_LENGTH = 255;

  private final AuthSettings settings;
  private final InstantSource clock;
  private final KeyCache keys;
  private final Set<String> algorithms;
  private final VerifiedTokens verified = new VerifiedTokens();

  /**
   * Makes a verifier that has no keys of a file or a URL yet.
   *
   * @param settings which tokens are valid
   * @param clock what {@code exp} and {@code nbf} are compared with
   * @param time how long ago the keys were seen
   */
  public TokenVerifier(AuthSettings settings, InstantSource clock, MonotonicClock time) {
    this(settings, clock, cache(settings.keys(), time));
  }

  TokenVerifier(AuthSettings settings, InstantSource clock, KeyCache keys) {
    this.settings = settings;
    this.clock = clock;
    this.keys = keys;
    this.algorithms = settings.keys() instanceof KeyLocation.Secret ? WITH_SECRET : WITH_KEY_SET;
  }

  private static KeyCache cache(KeyLocation location, MonotonicClock time) {
    if (location instanceof KeyLocation.Secret secret) {
      return new KeyCache(KeySet.of(secret.key()), time);
    }
    return location instanceof KeyLocation.JwksUrl url
        ? new KeyCache(new KeyUrl(url.url(), KeyUrl.TIMEOUT), time)
        : new KeyCache(new KeyFile(((KeyLocation.JwksFile) location).path()), time);
  }

  /**
   * Checks keys that are in a file. Reads nothing over the network.
   *
   * @param location where the keys are
   * @throws IOException if a file cannot be read or has no usable keys; the message names it and
   *     says why
   */
  public static void checkFile(KeyLocation location) throws IOException {
    if (location instanceof KeyLocation.JwksFile file) {
      try {
        KeySet unused = KeySet.parse(new KeyFile(file.path()).read());
      } catch (IOException | IllegalArgumentException e) {
        throw new IOException("'" + file.path() + "' cannot be used: " + e.getMessage(), e);
      }
    }
  }

  /** Begins to read the keys, in a thread of its own. Call once. */
  public void start() {
    keys.start();
  }

  /**
   * Whether tokens can be checked.
   *
   * @return false until the keys were read for the first time
   */
  public boolean hasKeys() {
    return keys.known() != null;
  }

  /**
   * Checks a token.
   *
   * @param token as it was sent; the caller bounds its length
   * @return whether it is valid, or why not
   */
  public Verdict verify(String token) {
    KeySet known = keys.known();
    if (known == null) {
      return new Verdict.Undecided();
    }
    ByteBuffer digest = VerifiedTokens.digest(token);
    Authenticated before = verified.get(known, digest);
    // Only the time is checked again: issuer and audience are settings, and they do not change.
    if (before != null && isCurrent(before.expires())) {
      return new Verdict.Valid(before);
    }
    Verdict verdict = check(known, token);
    if (verdict instanceof Verdict.Valid valid) {
      verified.put(known, digest, valid.client());
    }
    return verdict;
  }

  private Verdict check(KeySet known, String token) {
    JWSObject signed;
    try {
      signed = JWSObject.parse(token);
    } catch (ParseException | IllegalArgumentException e) {
      return invalid("The token is not a signed JSON Web Token (RFC 7515, compact form).");
    }
    // The header is not checked yet, and an attacker writes it. So it only picks among what the
    // settings allow: with a key set there is no HS256 (whose secret would be a public key), and
    // "none" is in neither set.
    JWSHeader header = signed.getHeader();
    if (!algorithms.contains(header.getAlgorithm().getName())) {
      return invalid(
          "The token's algorithm is not one of "
              + algorithms.stream().sorted().collect(Collectors.joining(", "))
              + ".");
    }
    // RFC 7515, section 4.1.11: a token with an extension that is not understood is not valid.
    if (header.getCriticalParams() != null) {
      return invalid("The token's header has crit, and no extension is understood here.");
    }
    // The signature before the claims: what is not signed is not read, and an answer tells a
    // stranger nothing about the issuer and the audience that are accepted.
    return switch (known.match(header, signed.getSigningInput(), signed.getSignature())) {
      case SIGNED -> claims(signed);
      case FORGED -> invalid("The token's signature is wrong.");
      case NO_SUCH_KEY ->
          keys.lookAgain(known)
              ? new Verdict.Undecided()
              : invalid("The token is signed with a key that is not known here.");
    };
  }

  private Verdict claims(JWSObject signed) {
    try {
      Map<String, Object> json = signed.getPayload().toJSONObject();
      if (json != null) {
        JWTClaimsSet claims = JWTClaimsSet.parse(json);
        Optional<String> fault = times(claims).or(() -> parties(claims));
        return fault.isPresent()
            ? invalid(fault.get())
            : subject(json.get("sub"), claims.getExpirationTime().toInstant());
      }
    } catch (ParseException e) {
      // The sentence below says what there is to say.
    }
    return invalid("The token's claims are not those of a JSON Web Token (RFC 7519).");
  }

  private Optional<String> times(JWTClaimsSet claims) {
    Date expires = claims.getExpirationTime();
    // RFC 7519 leaves exp to the issuer. A token without it would be valid for ever.
    if (expires == null) {
      return Optional.of("The token has no exp.");
    }
    if (!isCurrent(expires.toInstant())) {
      return Optional.of("The token is expired.");
    }
    Date from = claims.getNotBeforeTime();
    return from != null && clock.instant().plus(settings.leeway()).isBefore(from.toInstant())
        ? Optional.of("The token is not valid yet: its nbf is in the future.")
        : Optional.empty();
  }

  private boolean isCurrent(Instant expires) {
    return clock.instant().isBefore(expires.plus(settings.leeway()));
  }

  private Optional<String> parties(JWTClaimsSet claims) {
    if (settings.issuer().isPresent() && !settings.issuer().get().equals(claims.getIssuer())) {
      return Optional.of("The token's iss is not the issuer that is accepted here.");
    }
    return settings.audience().isPresent()
            && !claims.getAudience().contains(settings.audience().get())
        ? Optional.of("The token's aud does not name this service.")
        : Optional.empty();
  }

  private static Verdict subject(@Nullable Object claim, Instant expires) {
    // Not as the library reads it: for that, the number 7 and the text are one subject.
    if (!(claim instanceof String name) || name.isEmpty()) {
      return invalid("The token has no sub that is a text.");
    }
    if (name.length() > MAX_SUBJECT_LENGTH || name.chars().anyMatch(Character::isISOControl)) {
      return invalid(
          "The token's sub has control characters, or more than "
              + MAX_SUBJECT_LENGTH
              + " characters.");
    }
    try {
      return new Verdict.Valid(new Authenticated(new Subject(name), expires));
    } catch (IllegalArgumentException e) {
      return invalid("The token's sub is no valid Unicode.");
    }
  }

  private static Verdict invalid(String sentence) {
    return new Verdict.Invalid(sentence);
  }

  @Override
  public void close() {
    keys.close();
  }
}
