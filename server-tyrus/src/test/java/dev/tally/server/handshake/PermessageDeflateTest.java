package dev.tally.server.handshake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 7692, sections 5 and 7.1: which offers are taken, and what the answer is. */
class PermessageDeflateTest {

  private static final String ANSWER =
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "permessage-deflate",
        " permessage-deflate ",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate;client_max_window_bits=8",
        "permessage-deflate; client_max_window_bits=\"15\"",
        "permessage-deflate; client_max_window_bits=\"1\\5\"",
        "permessage-deflate ; server_no_context_takeover; client_no_context_takeover",
        "x-webkit-deflate-frame, permessage-deflate",
        ",, permessage-deflate ,",
        "bbf-usp-protocol; version=\"1\",permessage-deflate",
        // The first offer is void, the second one is not.
        "permessage-deflate; server_max_window_bits=7, permessage-deflate",
      })
  void anOfferThatCanBeTakenIsTakenWithoutContextTakeover(String header) {
    assertThat(PermessageDeflate.agree(List.of(header))).hasValue(ANSWER);
  }

  @ParameterizedTest
  @CsvSource({"8", "9", "10", "15"})
  void aDemandForTheServersWindowIsRepeated(String bits) {
    assertThat(
            PermessageDeflate.agree(
                List.of("permessage-deflate; server_max_window_bits=\"" + bits + "\"")))
        .hasValue(ANSWER + "; server_max_window_bits=" + bits);
  }

  @Test
  void theFirstOfSeveralOffersIsTakenOnWhateverLineItStands() {
    assertThat(
            PermessageDeflate.agree(
                List.of(
                    "other", "permessage-deflate; server_max_window_bits=9", "permessage-deflate")))
        .hasValue(ANSWER + "; server_max_window_bits=9");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x-webkit-deflate-frame",
        "PERMESSAGE-DEFLATE",
        "permessage-bzip2; client_max_window_bits",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=-9",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=99999999999999999999",
        "permessage-deflate; client_max_window_bits=ten",
        "permessage-deflate; server_no_context_takeover=true",
        "permessage-deflate; client_no_context_takeover=\"1\"",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; mux",
        "permessage-deflate; Client_Max_Window_Bits",
      })
  void anOfferThatCannotBeTakenIsDeclined(String header) {
    assertThat(PermessageDeflate.agree(List.of(header))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "permessage-deflate; =;,,",
        "permessage-deflate;",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate client_max_window_bits",
        "permessage-deflate; client_max_window_bits=\"15",
        "permessage-deflate; client_max_window_bits=\"1 5\"",
        "permessage-deflate; client_max_window_bits=\"\"",
        "permessage-deflate; client_max_window_bits=\"15\\\"",
        "permessage-deflate; client_max_window_bits=\"1\\\\5\"",
        "permessage-deflate; client_max_window_bits=1\\5",
        "permessage-deflate, (none)",
        "=",
      })
  void aValueAgainstTheGrammarIsAnError(String header) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PermessageDeflate.agree(List.of("permessage-deflate", header)));
  }

  /** Some ways to match it would overflow the stack. */
  @ParameterizedTest
  @ValueSource(strings = {",", ", ", " ,", "a,", "a;b,", "a; b=\"1\\2\","})
  void aHeaderOfAnyLengthIsRead(String element) {
    assertThat(PermessageDeflate.agree(List.of(element.repeat(30_000) + "permessage-deflate")))
        .hasValue(ANSWER);
  }

  @ParameterizedTest
  @ValueSource(strings = {";a", ";a=b", ";a=\"b\""})
  void anOfferOfAnyLengthIsRead(String parameter) {
    assertThat(
            PermessageDeflate.agree(
                List.of("permessage-deflate" + parameter.repeat(30_000), "permessage-deflate")))
        .hasValue(ANSWER);
  }

  @Test
  void aQuotedValueOfAnyLengthIsRead() {
    String value = "\"" + "\\1".repeat(30_000) + "\"";
    assertThat(PermessageDeflate.agree(List.of("a; b=" + value + ", permessage-deflate")))
        .hasValue(ANSWER);
  }
}
