package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Frame;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** PROTOCOL.md says, byte for byte, what each close frame of a client is answered with. */
class ClosesDocumentTest {

  private static final String SESSION = "/ws/chat/?session_id=5a7a9b1c-9a30-4c2b-8a52-0d1d6a0f7c11";

  /** A row of the table: bytes in hexadecimal, and a code with its reason. */
  private static final Pattern ROW =
      Pattern.compile("^\\| `([0-9a-f ]+)`.* \\| (.*) \\|$", Pattern.MULTILINE);

  @RegisterExtension private static final RunningServer SERVER = new RunningServer();

  static Stream<Arguments> rows() throws IOException {
    // Surefire runs in the module's directory.
    String document = Files.readString(Path.of("..", "docs", "PROTOCOL.md"));
    return ROW.matcher(document)
        .results()
        .map(row -> Arguments.of(row.group(1).replace(" ", ""), row.group(2)));
  }

  @ParameterizedTest(name = "{0} gets {1}")
  @MethodSource("rows")
  void everyCloseIsAnsweredAsDocumented(String sent, String answer) throws IOException {
    try (RawClient client = RawClient.open(SERVER.port(), SESSION)) {
      client.send(HexFormat.of().parseHex(sent));
      Frame close = client.next();
      assertThat(close.opcode()).isEqualTo(RawClient.CLOSE);
      assertThat(textOf(close)).isEqualTo(answer);
      assertThat(client.atEnd()).as("the server waits for no other close frame").isTrue();
    }
    try (RawClient client =
        RawClient.open(SERVER.port(), SESSION, "Sec-WebSocket-Protocol: tally.v1")) {
      assertThat(client.next().text()).as("nothing was counted").contains("\"count\": 0,");
    }
  }

  private static String textOf(Frame close) {
    return close.payload().length == 0
        ? "no code"
        : (close.closeCode() + " " + close.closeReason()).strip();
  }
}
