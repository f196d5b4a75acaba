package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class WebSocketUriTest {

  private final ClientCommand.WebSocketUri converter = new ClientCommand.WebSocketUri();

  @ParameterizedTest
  @CsvSource({
    "ws://127.0.0.1:65535, ws://127.0.0.1:65535/ws/chat/",
    "wss://example.org, wss://example.org/ws/chat/",
    "ws://[::1]:8000/here, ws://[::1]:8000/here",
  })
  void takesAnAddress(String text, String uri) {
    assertThat(converter.convert(text)).hasToString(uri);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ws://127.0.0.1:0/", "ws://127.0.0.1:65536/", "ws://::1:8000/", "x"})
  void refusesWhatCannotBeConnectedTo(String text) {
    assertThatThrownBy(() -> converter.convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessage("'" + text + "' is not an address such as ws://127.0.0.1:8000/ws/chat/");
  }
}
