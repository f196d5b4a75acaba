package dev.tally.server.settings;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostAndPortTest {

  @ParameterizedTest
  @CsvSource({
    "::1, [::1]:8000",
    "[::1], [::1]:8000",
    "127.0.0.1, 127.0.0.1:8000",
    "tally.example, tally.example:8000",
  })
  void putsAnAddressOfIpv6IntoBrackets(String host, String text) {
    assertThat(HostAndPort.text(host, 8000)).isEqualTo(text);
  }
}
