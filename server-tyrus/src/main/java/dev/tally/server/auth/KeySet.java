package dev.tally.server.auth;

import com.nimbusds.jose.Algorithm;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/**
 * The keys that tokens are checked with, each for the algorithms of its kind only: a token cannot
 * have a public key taken for a secret. Immutable.
 */
final class KeySet {

  private static final Set<JWSAlgorithm> RSA = Set.of(JWSAlgorithm.RS256, JWSAlgorithm.PS256);

  /** RFC 7518, section 3.3. */
  private static final int MIN_RSA_BITS = 2048;

  /** Checks a signature with one key. */
  private interface Check {
    boolean isBy(JWSHeader header, byte[] signed, Base64URL signature)
        throws JOSEException, GeneralSecurityException;

    static Check of(JWSVerifier verifier) {
      return verifier::verify;
    }
  }

  /** A key; its id is null where the key set gives it none. */
  private record Key(@Nullable String id, Set<JWSAlgorithm> algorithms, Check check) {

    boolean fits(JWSHeader header) {
      // The kid is only compared: it names no file and no URL.
      String wanted = header.getKeyID();
      return algorithms.contains(header.getAlgorithm())
          && (wanted == null || id == null || id.equals(wanted));
    }
  }

  /** What became of a signature. */
  enum Match {
    SIGNED,
    FORGED,
    NO_SUCH_KEY
  }

  /** A token without a kid is tried with so many keys: each try costs as much as a signature. */
  private static final int MAX_TRIES = 4;

  private final List<Key> keys;

  private KeySet(List<Key> keys) {
    this.keys = List.copyOf(keys);
  }

  /** The one secret of HS256. */
  static KeySet of(SecretKey secret) {
    try {
      Check check = Check.of(new MACVerifier(secret));
      return new KeySet(List.of(new Key(null, Set.of(JWSAlgorithm.HS256), check)));
    } catch (JOSEException e) {
      throw new IllegalArgumentException("the secret is shorter than 32 bytes", e);
    }
  }

  /**
   * Reads a JSON Web Key Set (RFC 7517). Secrets in it, keys for encryption and those of other
   * kinds are left out.
   *
   * @throws IllegalArgumentException if it is none, or no key is left; the message says what is
   *     wrong
   */
  static KeySet parse(String json) {
    List<Key> keys = new ArrayList<>();
    try {
      for (JWK key : JWKSet.parse(json).getKeys()) {
        if (isForSignatures(key)) {
          add(keys, key);
        }
      }
    } catch (ParseException | JOSEException | GeneralSecurityException | IllegalStateException e) {
      throw new IllegalArgumentException("it is no JSON Web Key Set: " + e.getMessage(), e);
    }
    if (keys.isEmpty()) {
      throw new IllegalArgumentException(
          "it has no key for RS256 or PS256 (RSA, 2048 bits or more), ES256 (P-256) or EdDSA"
              + " (Ed25519)");
    }
    return new KeySet(keys);
  }

  private static boolean isForSignatures(JWK key) {
    Set<KeyOperation> operations = key.getKeyOperations();
    return (key.getKeyUse() == null || KeyUse.SIGNATURE.equals(key.getKeyUse()))
        && (operations == null || operations.contains(KeyOperation.VERIFY));
  }

  private static void add(List<Key> keys, JWK key) throws JOSEException, GeneralSecurityException {
    if (key instanceof RSAKey rsa && rsa.size() >= MIN_RSA_BITS) {
      add(keys, key, RSA, Check.of(new RSASSAVerifier(rsa.toRSAPublicKey())));
    } else if (key instanceof ECKey ec && Curve.P_256.equals(ec.getCurve())) {
      Check check = Check.of(new ECDSAVerifier(ec.toECPublicKey()));
      add(keys, key, Set.of(JWSAlgorithm.ES256), check);
    } else if (key instanceof OctetKeyPair pair && Curve.Ed25519.equals(pair.getCurve())) {
      Ed25519Key ed25519 = new Ed25519Key(pair.getDecodedX());
      Check check = (header, signed, signature) -> ed25519.isBy(signed, signature.decode());
      add(keys, key, Set.of(JWSAlgorithm.EdDSA), check);
    }
  }

  private static void add(List<Key> keys, JWK key, Set<JWSAlgorithm> algorithms, Check check) {
    // An issuer may bind a key to one algorithm (RFC 7517, section 4.4).
    Algorithm only = key.getAlgorithm();
    Set<JWSAlgorithm> mayBe =
        only == null
            ? algorithms
            : algorithms.stream().filter(only::equals).collect(Collectors.toUnmodifiableSet());
    if (!mayBe.isEmpty()) {
      keys.add(new Key(key.getKeyID(), mayBe, check));
    }
  }

  int size() {
    return keys.size();
  }

  /** Looks for the key that made a signature. */
  Match match(JWSHeader header, byte[] signed, Base64URL signature) {
    int tries = 0;
    for (Key key : keys) {
      if (key.fits(header) && tries < MAX_TRIES) {
        tries++;
        if (isBy(key, header, signed, signature)) {
          return Match.SIGNED;
        }
      }
    }
    // A wrong signature by a known kid is no reason to look for new keys: anybody can send one.
    return tries == 0 ? Match.NO_SUCH_KEY : Match.FORGED;
  }

  private static boolean isBy(Key key, JWSHeader header, byte[] signed, Base64URL signature) {
    try {
      return key.check().isBy(header, signed, signature);
    } catch (JOSEException | GeneralSecurityException e) {
      // A signature of the wrong length, say.
      return false;
    }
  }
}
