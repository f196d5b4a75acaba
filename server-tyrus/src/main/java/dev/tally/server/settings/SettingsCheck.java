package dev.tally.server.settings;

import dev.tally.server.auth.AuthSettings;
import dev.tally.server.auth.TokenVerifier;
import dev.tally.session.redis.MessageLog;
import dev.tally.session.redis.RedisSettings;
import dev.tally.session.redis.RedisUrl;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * The rules that a single value's converter cannot check: they need a file or a second setting. A
 * start and {@code --print-config} both apply them, so that a configuration that was printed also
 * starts.
 */
public final class SettingsCheck {

  private final ServerSettings settings;
  private final CommandLine commandLine;

  public SettingsCheck(ServerSettings settings, CommandLine commandLine) {
    this.settings = settings;
    this.commandLine = commandLine;
  }

  /**
   * Checks every rule. Reads files, but connects to nothing. If both ports are the same, it
   * resolves the names of their hosts.
   *
   * @throws ParameterException at the first broken rule, with the value and the rule
   */
  public void run() {
    // Ends at the first broken rule: others may be broken only because of it.
    checkPorts();
    Optional<SecretFile> file = settings.redisUrlFile.value();
    if (file.isPresent() && settings.redisUrl.value().isPresent()) {
      throw invalid("--redis-url-file", "'" + file.get() + "' is given together with --redis-url");
    }
    try {
      redis(settings).ifPresent(RedisSettings::checkFiles);
    } catch (IllegalArgumentException e) {
      String rule = String.valueOf(e.getMessage());
      if (file.isEmpty()) {
        throw invalid("--redis-url", rule);
      }
      // By mistake the file may hold a password alone, which a redacted URL would show.
      throw invalid(
          "--redis-url-file",
          rule.replace(RedisUrl.redacted(file.get().secret()), file.get().path()));
    }
    if (settings.messageLog.on.value() && redisUrl(settings).isEmpty()) {
      throw invalid("--message-log", "'on' needs Redis: set --redis-url or --redis-url-file");
    }
    try {
      Optional<MessageLog> unused = settings.messageLog.settings();
    } catch (IllegalArgumentException e) {
      throw invalid("--message-log-partitions", String.valueOf(e.getMessage()));
    }
    checkAuth(settings.auth);
    // Half of it is for unfinished messages, so two of the longest have room. With too little room
    // such a message would never be complete, and its client would send it again and again.
    if (settings.bufferedBytes() / 4 < settings.maxMessageBytes.value()) {
      throw invalid(
          "--max-buffered-bytes",
          "'"
              + settings.bufferedBytes()
              + "' is less than four times --max-message-bytes, which is "
              + settings.maxMessageBytes.value());
    }
  }

  /**
   * The settings of Redis; empty for sessions in memory.
   *
   * @throws IllegalArgumentException if the URL breaks a rule
   */
  public static Optional<RedisSettings> redis(ServerSettings settings) {
    return redisUrl(settings)
        .map(
            url ->
                RedisUrl.parse(
                    url, settings.sessionTtl.value(), settings.unusedSessionTtl.value()));
  }

  /** The URL of Redis with its password, from its flag or its file; empty without Redis. */
  public static Optional<String> redisUrl(ServerSettings settings) {
    return settings.redisUrlFile.value().map(SecretFile::secret).or(settings.redisUrl::value);
  }

  /**
   * Without this rule, the port that is bound second fails, and the advice to stop what listens
   * there would be about this process.
   */
  private void checkPorts() {
    int port = settings.admin.port.value();
    if (port == 0 || port != settings.port.value()) {
      return;
    }
    String host = settings.host.value();
    String adminHost = settings.admin.host.value();
    // Equal if they resolve to the same address, or if neither is resolved and the names are equal.
    InetSocketAddress main = new InetSocketAddress(host, port);
    InetSocketAddress admin = new InetSocketAddress(adminHost, port);
    if (isWildcard(main) || isWildcard(admin) || main.equals(admin)) {
      throw invalid(
          "--admin-port",
          String.format(
              Locale.ROOT,
              "'%d' must differ from --port, since --host '%s' and --admin-host '%s' overlap",
              port,
              host,
              adminHost));
    }
  }

  /** Java binds 0.0.0.0 as :: where there is IPv6, so either overlaps with all addresses. */
  private static boolean isWildcard(InetSocketAddress address) {
    return !address.isUnresolved() && address.getAddress().isAnyLocalAddress();
  }

  private void checkAuth(AuthFlags auth) {
    Optional<SecretKeyFile> secret = auth.secretFile.value();
    if (secret.isPresent() && auth.jwks.value().isPresent()) {
      throw invalid("--auth-secret-file", "'" + secret.get() + "' is given with --auth-jwks");
    }
    Optional<AuthSettings> on = auth.settings();
    if (on.isEmpty()) {
      auth.issuer.value().ifPresent(value -> refuseAlone("--auth-issuer", value));
      auth.audience.value().ifPresent(value -> refuseAlone("--auth-audience", value));
      if (!auth.leeway.value().equals(AuthSettings.DEFAULT_LEEWAY)) {
        refuseAlone("--auth-leeway", EnvironmentSettings.text(auth.leeway.value()));
      }
      if (auth.query.value()) {
        refuseAlone("--auth-query", "on");
      }
      return;
    }
    try {
      TokenVerifier.checkFile(on.get().keys());
    } catch (IOException e) {
      throw invalid("--auth-jwks", String.valueOf(e.getMessage()));
    }
  }

  private void refuseAlone(String flag, String value) {
    throw invalid(flag, "'" + value + "' is given without --auth-jwks or --auth-secret-file");
  }

  private ParameterException invalid(String flag, String rule) {
    return new ParameterException(
        commandLine,
        "Invalid value for option '" + flag + "': " + rule,
        Objects.requireNonNull(commandLine.getCommandSpec().findOption(flag)),
        null);
  }
}
