package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.session.redis.RedisSettings.Address;
import dev.tally.session.redis.RedisSettings.Cluster;
import dev.tally.session.redis.RedisSettings.Credentials;
import dev.tally.session.redis.RedisSettings.Sentinel;
import dev.tally.session.redis.RedisSettings.Single;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RedisUrlTest {

  private static final Duration TTL = Duration.ofHours(1);
  private static final Duration UNUSED_TTL = Duration.ofSeconds(30);

  @Test
  void urlOfOneServerHasDefaults() {
    RedisSettings settings = parse("redis://localhost");

    assertThat(settings)
        .isEqualTo(
            new RedisSettings(
                new Single(new Address("localhost", 6379), 0),
                Credentials.NONE,
                false,
                Optional.empty(),
                TTL,
                UNUSED_TTL,
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                8));
  }

  @Test
  void urlOfOneServerSaysEverything() {
    RedisSettings settings =
        parse(
            "rediss://me:p%40ss%2Fw+rd@[::1]:6380/3"
                + "?connect_timeout=300ms&read_timeout=4s&pool_size=2&ca_file=/etc/ca.pem");

    assertThat(settings)
        .isEqualTo(
            new RedisSettings(
                new Single(new Address("::1", 6380), 3),
                new Credentials(Optional.of("me"), Optional.of("p@ss/w+rd")),
                true,
                Optional.of(Path.of("/etc/ca.pem")),
                TTL,
                UNUSED_TTL,
                Duration.ofMillis(300),
                Duration.ofSeconds(4),
                2));
  }

  @Test
  void urlOfSentinelsNamesTheMaster() {
    RedisSettings settings =
        parse("redis+sentinel://:pw@a,b:5000/mymaster/2?sentinel_user=s&sentinel_password=t");

    assertThat(settings.topology())
        .isEqualTo(
            new Sentinel(
                List.of(new Address("a", 26379), new Address("b", 5000)),
                "mymaster",
                new Credentials(Optional.of("s"), Optional.of("t")),
                2));
    assertThat(settings.credentials())
        .isEqualTo(new Credentials(Optional.empty(), Optional.of("pw")));
  }

  @Test
  void urlOfClusterListsNodes() {
    assertThat(parse("rediss+cluster://a:7000,b:7001").topology())
        .isEqualTo(new Cluster(List.of(new Address("a", 7000), new Address("b", 7001))));
  }

  @Test
  void badUrlsSayWhichRuleTheyBreakAndNoPassword() {
    Map<String, String> urls =
        Map.ofEntries(
            Map.entry("http://:geheim@host", "it must start with redis://"),
            Map.entry("redis://:geheim@host:0", "port must be a number from 1 to 65535, not '0'"),
            Map.entry("redis://:geheim@host:x", "port must be a number from 1 to 65535, not 'x'"),
            Map.entry("redis://:geheim@", "none may be empty"),
            Map.entry("redis://:geheim@a,b", "several addresses need redis+sentinel://"),
            Map.entry("redis://:geheim@a/x", "database must be a number from 0"),
            Map.entry("redis+cluster://:geheim@a/1", "a Cluster has database 0 only, not '1'"),
            Map.entry("redis+sentinel://:geheim@a", "needs the master's name"),
            Map.entry("redis://:ge/heim@host", "must be percent-encoded"),
            Map.entry("redis://:ge?heim@host", "the options are ca_file, connect_timeout"),
            Map.entry("redis://:ge#heim@host", "'#' must be percent-encoded"),
            Map.entry("redis://:geheim%@host", "two hexadecimal digits"),
            Map.entry("redis://geheim@host", "must be user:password or :password"),
            Map.entry("redis://a?speed=9", "no others"),
            Map.entry("redis://a?pool_size", "needs a value"),
            Map.entry("redis://a?pool_size=0", "pool_size must be a number from 1 to 1000"),
            Map.entry("redis://a?pool_size=1&pool_size=2", "is given twice"),
            Map.entry("redis://a?read_timeout=2", "must be from 1ms to 60s, such as 500ms"),
            Map.entry("redis://a?read_timeout=61s", "not '61s'"),
            Map.entry("redis://a?ca_file=x", "for rediss:// only"),
            Map.entry("rediss://a?ca_file=%00", "ca_file must be a path"),
            Map.entry("redis://a?sentinel_password=geheim", "for redis+sentinel:// only"),
            Map.entry("redis+sentinel://a/m?sentinel_password=ge&heim", "no others"),
            Map.entry("redis+sentinel://a/m?sentinel_password=ge@heim", "must be percent-encoded"));

    urls.forEach(
        (url, rule) ->
            assertThatThrownBy(() -> parse(url))
                .as(url)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(rule)
                .hasMessageNotContainingAny("geheim", "heim", "\n"));
  }

  @Test
  void usersAndPasswordsAreHiddenByOneRuleBeforeAndAfterParsing() {
    String url = "redis+sentinel://me:geheim@a/m?sentinel_user=me&sentinel_password=geheim";

    assertThat(parse(url)).hasToString("redis+sentinel://***@a:26379/m/0");
    assertThat(RedisUrl.redacted(url))
        .isEqualTo("redis+sentinel://***@a/m?sentinel_user=***&sentinel_password=***");
    assertThat(parse(url).credentials()).hasToString("***");
    assertThat(parse(url).topology().toString()).doesNotContain("geheim", "me,");

    assertThat(parse("redis://me:geheim@host/1")).hasToString("redis://***@host:6379/1");
    assertThat(parse("rediss+cluster://a,[::1]")).hasToString("rediss+cluster://a:6379,[::1]:6379");
    assertThat(RedisUrl.redacted("redis://me:ge@heim@a?sentinel_password=geheim&pool_size=1"))
        .isEqualTo("redis://***@a?sentinel_password=***&pool_size=1");
  }

  @Test
  void passwordThatIsNotEncodedIsHiddenToItsEnd() {
    assertThat(RedisUrl.redacted("redis+sentinel://a/m?sentinel_password=ge&heim"))
        .isEqualTo("redis+sentinel://a/m?sentinel_password=***");
    assertThat(RedisUrl.redacted("redis://a?password=ge&he=im&pool_size=2"))
        .isEqualTo("redis://a?password=***&pool_size=2");
    assertThat(RedisUrl.redacted("redis://:ge\nheim@a")).isEqualTo("redis://***@a");
    assertThat(RedisUrl.redacted("redis+sentinel://a/m?sentinel_password=ge@heim"))
        .isEqualTo("redis+sentinel://***");
    assertThat(RedisUrl.redacted("redis://:ge?heim@a")).isEqualTo("redis://***");
  }

  private static RedisSettings parse(String url) {
    return RedisUrl.parse(url, TTL, UNUSED_TTL);
  }
}
