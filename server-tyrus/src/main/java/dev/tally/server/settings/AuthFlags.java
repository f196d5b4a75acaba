package dev.tally.server.settings;

import dev.tally.server.auth.AuthSettings;
import dev.tally.server.auth.KeyLocation;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The flags that say who may connect. */
public final class AuthFlags {

  final Setting<Optional<String>> jwks;
  final Setting<Optional<SecretKeyFile>> secretFile;
  final Setting<Optional<String>> issuer;
  final Setting<Optional<String>> audience;
  final Setting<Duration> leeway;
  final Setting<Boolean> query;

  /**
   * Makes the flags.
   *
   * @param flags gets each of them
   */
  AuthFlags(Flags flags) {
    this.jwks =
        flags.add(
            "--auth-jwks",
            "FILE|URL",
            new Values.Jwks(),
            Optional.empty(),
            "Clients need a token that is signed with a key of this JSON Web Key Set. A file is"
                + " read again when it changes, a URL every five minutes. Without it and without"
                + " --auth-secret-file: everybody may connect.");
    this.secretFile =
        flags.add(
            "--auth-secret-file",
            "FILE",
            new Values.OptionalSecretKeyFile(),
            Optional.empty(),
            "Clients need a token that is signed with the key in this file (HS256), 32 bytes or"
                + " more without a last newline, read at the start. Not together with"
                + " --auth-jwks.");
    this.issuer =
        flags.add(
            "--auth-issuer",
            "ISSUER",
            new Values.OptionalText(),
            Optional.empty(),
            "What a token's iss must be. Without it: anything.");
    this.audience =
        flags.add(
            "--auth-audience",
            "AUDIENCE",
            new Values.OptionalText(),
            Optional.empty(),
            "What a token's aud must name. Without it: anything, also another service.");
    this.leeway =
        flags.add(
            "--auth-leeway",
            "DURATION",
            new Values.AnyDuration(),
            AuthSettings.DEFAULT_LEEWAY,
            "How far the clock of the issuer may differ, for a token's exp and nbf. A connection whose"
                + " token expired is closed that long after exp.");
    this.query =
        flags.add(
            "--auth-query",
            "ON|OFF",
            new Values.OnOff(),
            false,
            "on: the token may also come in the URL, as access_token. Proxies write URLs into"
                + " their logs.");
  }

  /** Which tokens clients need; empty if they need none. */
  public Optional<AuthSettings> settings() {
    // SettingsCheck refuses both together, so the order decides nothing.
    return secretFile
        .value()
        .<KeyLocation>map(file -> new KeyLocation.Secret(file.key()))
        .or(() -> jwks.value().map(AuthFlags::location))
        .map(
            keys ->
                new AuthSettings(
                    keys, issuer.value(), audience.value(), leeway.value(), query.value()));
  }

  private static KeyLocation location(String text) {
    return text.contains("://")
        ? new KeyLocation.JwksUrl(URI.create(text))
        : new KeyLocation.JwksFile(Path.of(text));
  }
}
