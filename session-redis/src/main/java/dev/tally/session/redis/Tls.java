package dev.tally.session.redis;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.SslVerifyMode;

/**
 * The check of servers' certificates: a trusted certificate must have signed them, and they must
 * contain the address that was connected to.
 */
final class Tls {

  private Tls() {}

  /**
   * Trusts the certificates in a file and no others, or the Java platform's if there is no file.
   *
   * @throws IllegalArgumentException if the file cannot be read as certificates
   */
  static SslOptions options(Optional<Path> caFile) {
    SslOptions.Builder options = SslOptions.builder().sslVerifyMode(SslVerifyMode.FULL);
    if (caFile.isPresent()) {
      byte[] trusted = keyStore(caFile.get());
      options
          .trustStoreType("PKCS12")
          .truststore(() -> new ByteArrayInputStream(trusted), new char[0]);
    }
    return options.build();
  }

  private static byte[] keyStore(Path caFile) {
    try (InputStream pem = Files.newInputStream(caFile)) {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        trusted.setCertificateEntry("ca-" + trusted.size(), certificate);
      }
      if (trusted.size() == 0) {
        throw new IllegalArgumentException("ca_file " + caFile + " contains no certificate");
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      trusted.store(bytes, new char[0]);
      return bytes.toByteArray();
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "ca_file " + caFile + " cannot be read as certificates (PEM): " + e, e);
    }
  }
}
