package dev.tally.server.handshake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientAddressTest {

  private static final ClientAddress ADDRESSES =
      new ClientAddress(List.of("10.0.0.0/8", "2001:db8::/32", "fe80::/10"));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10.1.2.3|203.0.113.9|203.0.113.9",
        "10.1.2.3|6.6.6.6, 203.0.113.9|203.0.113.9",
        "10.1.2.3|203.0.113.9, 10.9.9.9, 2001:db8::1|203.0.113.9",
        "10.1.2.3|2001:DB9::7|2001:DB9::7",
        "10.1.2.3|::ffff:10.2.3.4|::ffff:10.2.3.4",
        "2001:db8::1|::1|::1",
        "fe80::1%eth0|203.0.113.9|203.0.113.9",
        "192.0.2.1|203.0.113.9|192.0.2.1",
        "10.1.2.3|203.0.113.9:51008|203.0.113.9",
        "10.1.2.3|203.0.113.9:51008, 10.9.9.9:80|203.0.113.9",
        "10.1.2.3|[2001:db9::9]|2001:db9::9",
        "10.1.2.3|[2001:db9::9]:4711|2001:db9::9",
        "10.1.2.3|\"[2001:db9::9]:4711\"|2001:db9::9",
      })
  void believesTrustedProxiesAndNobodyElse(String peer, String forwardedFor, String client) {
    assertThat(ADDRESSES.of(peer, forwardedFor)).isEqualTo(client);
  }

  /** Some look like addresses enough for Java to ask the resolver, which would hold a thread up. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "bad.cafe.de",
        "cafe",
        "de.ad",
        "1.2.3",
        "1",
        "010.0.0.1",
        "256.1.1.1",
        "1.2.3.4.5",
        "1.2.3.4:",
        "1.2.3.4:a",
        "[::1",
        "[::1]a",
        "[]",
        "unknown",
        "_hidden",
        "::1%lo",
        ":",
        "1::2::3",
        "::g",
        "localhost",
        "",
        ".",
        "1.2.3.4."
      })
  void takesNothingForAnAddressThatIsNone(String hop) {
    assertThat(IpAddress.parse(hop)).isNull();
    assertThat(ADDRESSES.of("10.1.2.3", hop)).isEqualTo("10.1.2.3");
    assertThat(ADDRESSES.of("10.1.2.3", "6.6.6.6, " + hop + ", 10.4.5.6")).isEqualTo("10.4.5.6");
  }

  @Test
  void readsTheParametersOfForwarded() {
    List<String> headers =
        List.of(
            "For=\"[2001:db8::9]:4711\";host=a.example;proto=https, for=10.1.2.3", "for=_x;by=b");
    assertThat(Forwarded.parameters(headers, "for"))
        .containsExactly("[2001:db8::9]:4711", "10.1.2.3", "_x");
    assertThat(Forwarded.parameters(headers, "host")).containsExactly("a.example");
  }

  /** Some ways to match it would overflow the stack, or take minutes. */
  @ParameterizedTest
  @ValueSource(strings = {"a", " ", "\"", "\\", "by=\"a\", ", "by=\"\\\"\", "})
  void readsForwardedOfAnyLength(String element) {
    String noise = element.repeat(1_000_000);
    assertThat(Forwarded.parameters(List.of("for=10.1.2.3;" + noise, noise), "for"))
        .containsExactly("10.1.2.3");
    assertThat(
            Forwarded.parameters(
                List.of("for=\"" + noise.replaceAll("[\"\\\\]", "\\\\$0") + "\""), "for"))
        .hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.0/8", "0.0.0.0/0", "::/0", "::1", "fd00::/128", "192.0.2.1/32"})
  void readsBlocks(String block) {
    assertThat(AddressBlock.parse(block)).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/-1", "/8", "cafe.de/8", "a"})
  void refusesOtherBlocks(String block) {
    assertThatThrownBy(() -> AddressBlock.parse(block))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(block);
  }

  @Test
  void countsTheLeadingBitsOnly() {
    AddressBlock block = AddressBlock.parse("192.0.2.128/25");

    assertThat(block.contains(Objects.requireNonNull(IpAddress.parse("192.0.2.255")))).isTrue();
    assertThat(block.contains(Objects.requireNonNull(IpAddress.parse("192.0.2.127")))).isFalse();
  }
}
