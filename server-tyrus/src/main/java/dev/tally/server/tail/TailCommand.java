package dev.tally.server.tail;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.server.settings.SecretFile;
import dev.tally.server.settings.Setting;
import dev.tally.server.settings.Values;
import dev.tally.session.redis.LoggedEntry;
import dev.tally.session.redis.MessageLog;
import dev.tally.session.redis.MessageLogReader;
import dev.tally.session.redis.RedisSettings;
import dev.tally.session.redis.RedisUrl;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code tail}: shows the message log, and goes on with what is added. It only reads, and is no
 * member of a consumer group, so it takes no message from the programs that act on them.
 */
public final class TailCommand implements Callable<Integer> {

  /** XREAD BLOCK would tell sooner, but each call waits for one master of a Cluster only. */
  private static final long POLL_MILLIS = 200;

  private static final long RETRY_MILLIS = 1000;

  private final CommandSpec spec = CommandSpec.wrapWithoutInspection(this).name("tail");

  private final Setting<Optional<String>> redisUrl =
      add(
          "--redis-url",
          "URL",
          new Values.OptionalText(),
          Optional.empty(),
          "Where the log is [REDIS_URL].");

  private final Setting<Optional<SecretFile>> redisUrlFile =
      add(
          "--redis-url-file",
          "FILE",
          new Values.OptionalSecretFile(),
          Optional.empty(),
          "A file with the value of --redis-url [REDIS_URL_FILE].");

  private final Setting<Optional<String>> session =
      add(
          "--session",
          "ID",
          new Session(),
          Optional.empty(),
          "Only this session: its id, or the 12 characters that the server's log has for it.");

  private final Setting<From> from =
      add(
          "--from",
          "TIME",
          new From.Converter(InstantSource.system()),
          From.NOW,
          "Where to begin: start, a time such as 2026-11-23T20:00:00Z, or how long ago, such as"
              + " 10m (default: now).");

  private final Setting<Boolean> json = switchedOn("--json", "One JSON object a line.");

  private final Setting<Boolean> noFollow =
      switchedOn("--no-follow", "End at the end of the log. Without --from: from the start.");

  /** The command with the defaults of its flags. */
  public TailCommand() {
    spec.usageMessage()
        .description("Show the messages that clients sent, from the message log in Redis.")
        .footer(
            "",
            "The servers must run with --message-log on. With --json the session's id is shown"
                + " whole: a bearer secret.",
            "Exit code: 0 at the end of the log, 1 if there is no log or Redis does not answer, 2"
                + " for a bad argument.");
  }

  private <T> Setting<T> add(
      String flag, String label, ITypeConverter<T> converter, T initial, String description) {
    Setting<T> setting = new Setting<>(initial);
    spec.addOption(setting.flag(flag, label, converter, description).build());
    return setting;
  }

  /** Not by {@link Setting#flag}: that one takes a value. */
  private Setting<Boolean> switchedOn(String flag, String description) {
    Setting<Boolean> setting = new Setting<>(false);
    spec.addOption(
        OptionSpec.builder(flag)
            .getter(setting)
            .setter(setting)
            .initialValue(false)
            .type(Boolean.class)
            .arity("0")
            .description(description)
            .build());
    return setting;
  }

  /**
   * The command's flags, for the parser that fills them.
   *
   * @return of this command alone, without {@code --help}; always the same
   */
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    try (MessageLogReader reader = new MessageLogReader(redis())) {
      // From Redis, not from a setting: a wrong number would leave partitions out without a sign.
      OptionalInt partitions = reader.partitions();
      if (partitions.isEmpty()) {
        err.println("tally-server tail: there is no message log in this Redis; --message-log on");
        return 1;
      }
      MergedLog log = open(reader, partitions.getAsInt());
      while (true) {
        try {
          List<LoggedEntry> entries = log.next();
          if (!print(entries)) {
            return 0;
          }
          if (entries.isEmpty()) {
            if (noFollow.value()) {
              return 0;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
          }
        } catch (StoreUnavailableException e) {
          if (noFollow.value()) {
            // A script must not take what it has by now for the whole log.
            throw e;
          }
          // The log remembers how far each partition was read, so nothing is shown twice.
          err.println("* " + e.getMessage());
          err.flush();
          TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
        }
      }
    } catch (StoreUnavailableException e) {
      err.println("tally-server tail: " + e.getMessage());
      return 1;
    } finally {
      err.flush();
    }
  }

  private RedisSettings redis() {
    String flag = redisUrlFile.value().isPresent() ? "--redis-url-file" : "--redis-url";
    String url =
        redisUrlFile
            .value()
            .map(SecretFile::secret)
            .or(redisUrl::value)
            .orElseThrow(() -> invalid(flag, "it is missing"));
    try {
      // Times to live are for those who write.
      RedisSettings settings = RedisUrl.parse(url, Duration.ofHours(1));
      settings.checkFiles();
      return settings;
    } catch (IllegalArgumentException e) {
      throw invalid(flag, String.valueOf(e.getMessage()));
    }
  }

  private ParameterException invalid(String flag, String rule) {
    return new ParameterException(
        spec.commandLine(),
        "Invalid value for option '" + flag + "': " + rule,
        Objects.requireNonNull(spec.findOption(flag)),
        null);
  }

  private MergedLog open(MessageLogReader reader, int partitions) {
    MergedLog log = new MergedLog(reader);
    Optional<Instant> begin =
        noFollow.value() && from.value().time().isEmpty()
            ? Optional.of(Instant.EPOCH)
            : from.value().time();
    // All beginnings are fixed before the first page is read. Otherwise what is added meanwhile
    // would be left out in the partitions that come last.
    for (int partition = 0; partition < partitions; partition++) {
      if (hasSession(partition, partitions)) {
        int number = partition;
        log.add(partition, begin.map(TailCommand::before).orElseGet(() -> reader.newest(number)));
      }
    }
    return log;
  }

  /**
   * The largest id before a time. An id of Redis is a time in milliseconds and a sequence number.
   * The number is not the largest of all, since the reader adds 1 to it.
   */
  private static String before(Instant time) {
    long millis = time.toEpochMilli();
    return millis <= 0 ? "0-0" : (millis - 1) + "-" + (Long.MAX_VALUE - 1);
  }

  /**
   * True for all partitions if only a session's name in logs is given: that is a hash of its id.
   */
  private boolean hasSession(int partition, int partitions) {
    return session
        .value()
        .filter(id -> id.length() > Session.NAME_LENGTH)
        .map(id -> new MessageLog(partitions, 0).partitionOf(SessionId.parse(id)) == partition)
        .orElse(true);
  }

  /** False if the output is closed, as with {@code tail | head}. */
  private boolean print(List<LoggedEntry> entries) {
    PrintWriter out = spec.commandLine().getOut();
    EntryFormat format = json.value() ? EntryFormat.JSON : EntryFormat.TEXT;
    // Redis cannot filter: a partition has the messages of many sessions.
    Predicate<LoggedEntry> wanted =
        entry ->
            session
                .value()
                .map(
                    id ->
                        id.equals(entry.session())
                            || id.equals(EntryFormat.nameOf(entry.session())))
                .orElse(true);
    entries.stream().filter(wanted).map(format::line).forEach(out::println);
    // It also flushes: a line is to be seen at once, and a PrintWriter throws nothing.
    return !out.checkError();
  }

  /** A UUID, or its name in logs. */
  private static final class Session implements ITypeConverter<Optional<String>> {
    static final int NAME_LENGTH = 12;
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{" + NAME_LENGTH + "}");

    @Override
    public Optional<String> convert(String text) {
      if (NAME.matcher(text).matches()) {
        return Optional.of(text);
      }
      try {
        return Optional.of(SessionId.parse(text).text());
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(
            "'" + text + "' is neither a UUID nor 12 hexadecimal digits");
      }
    }
  }
}
