package dev.tally.server.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes tokens and key sets with the JDK alone, so that the tests do not check a library by itself.
 */
public final class Issuer {

  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private final String algorithm;
  private final String kid;
  private final KeyPair keys;

  private Issuer(String algorithm, String kid, KeyPair keys) {
    this.algorithm = algorithm;
    this.kid = kid;
    this.keys = keys;
  }

  /** A new key for RS256, PS256, ES256 or EdDSA. */
  public static Issuer of(String algorithm, String kid) throws GeneralSecurityException {
    KeyPairGenerator generator =
        KeyPairGenerator.getInstance(
            switch (algorithm) {
              case "ES256" -> "EC";
              case "EdDSA" -> "Ed25519";
              default -> "RSA";
            });
    if (algorithm.equals("ES256")) {
      generator.initialize(new ECGenParameterSpec("secp256r1"));
    } else if (!algorithm.equals("EdDSA")) {
      generator.initialize(2048);
    }
    return new Issuer(algorithm, kid, generator.generateKeyPair());
  }

  /** A token with HS256 by a secret. */
  public static String hs256(byte[] secret, String claims) throws GeneralSecurityException {
    return hs256(secret, "{\"alg\":\"HS256\"}", claims);
  }

  /** The same with a header of any kind. */
  public static String hs256(byte[] secret, String header, String claims)
      throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret, "HmacSHA256"));
    String signed = encode(header) + "." + encode(claims);
    return signed + "." + BASE64.encodeToString(mac.doFinal(signed.getBytes(UTF_8)));
  }

  /** A token of this key. */
  public String token(String claims) throws GeneralSecurityException {
    return token("{\"alg\":\"" + algorithm + "\",\"kid\":\"" + kid + "\"}", claims);
  }

  /** The same with a header of any kind. */
  public String token(String header, String claims) throws GeneralSecurityException {
    String signed = encode(header) + "." + encode(claims);
    Signature signature =
        Signature.getInstance(
            switch (algorithm) {
              case "RS256" -> "SHA256withRSA";
              case "PS256" -> "RSASSA-PSS";
              case "ES256" -> "SHA256withECDSAinP1363Format";
              default -> "Ed25519";
            });
    if (algorithm.equals("PS256")) {
      signature.setParameter(
          new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
    }
    signature.initSign(keys.getPrivate());
    signature.update(signed.getBytes(UTF_8));
    return signed + "." + BASE64.encodeToString(signature.sign());
  }

  public PublicKey publicKey() {
    return keys.getPublic();
  }

  /** The public key as a key set has it. */
  public String jwk() {
    String start = "{\"kid\":\"" + kid + "\",\"use\":\"sig\",";
    if (keys.getPublic() instanceof RSAPublicKey rsa) {
      return start
          + "\"kty\":\"RSA\",\"n\":\""
          + number(rsa.getModulus(), 256)
          + "\",\"e\":\""
          + number(rsa.getPublicExponent(), 3)
          + "\"}";
    }
    if (keys.getPublic() instanceof ECPublicKey ec) {
      return start
          + "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""
          + number(ec.getW().getAffineX(), 32)
          + "\",\"y\":\""
          + number(ec.getW().getAffineY(), 32)
          + "\"}";
    }
    byte[] encoded = keys.getPublic().getEncoded();
    byte[] x = Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
    return start
        + "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\""
        + BASE64.encodeToString(x)
        + "\"}";
  }

  /** A key set of several keys. */
  public static String jwks(Issuer... issuers) {
    return "{\"keys\":["
        + String.join(",", Arrays.stream(issuers).map(Issuer::jwk).toList())
        + "]}";
  }

  public static String encode(String json) {
    return BASE64.encodeToString(json.getBytes(UTF_8));
  }

  private static String number(BigInteger number, int bytes) {
    byte[] all = number.toByteArray();
    byte[] fixed = new byte[bytes];
    int length = Math.min(all.length, bytes);
    System.arraycopy(all, all.length - length, fixed, bytes - length, length);
    return BASE64.encodeToString(fixed);
  }
}
