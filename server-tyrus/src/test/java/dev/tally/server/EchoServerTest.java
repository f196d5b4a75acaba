package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Frame;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes through the glue comes out as it was, whichever way it is cut. */
class EchoServerTest {

  private static final int MIB = 1024 * 1024;

  private static EchoServer server;

  @BeforeAll
  static void start() throws IOException {
    server = new EchoServer(0, false);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 125, 126, 65_535, 65_536, MIB, EchoServer.MAX_MESSAGE_BYTES})
  void echoesTextAndBinaryWholeAndFragmented(int length) throws IOException {
    byte[] binary = new byte[length];
    new Random(length).nextBytes(binary);
    byte[] text = new byte[length];
    for (int i = 0; i < length; i++) {
      text[i] = (byte) ('a' + (binary[i] & 15));
    }
    try (RawClient client = RawClient.open(server.port(), "/")) {
      for (int pieces : new int[] {1, 3}) {
        assertEchoed(client, RawClient.TEXT, text, pieces);
        assertEchoed(client, RawClient.BINARY, binary, pieces);
      }
    }
  }

  private static void assertEchoed(RawClient client, int opcode, byte[] payload, int pieces)
      throws IOException {
    int at = 0;
    for (int piece = 1; piece <= pieces; piece++) {
      int end = piece == pieces ? payload.length : piece * (payload.length / pieces);
      int first = (piece == 1 ? opcode : RawClient.CONTINUATION) | (piece == pieces ? 0x80 : 0);
      client.send(RawClient.frame(first, end - at, Arrays.copyOfRange(payload, at, end)));
      at = end;
    }
    Frame echo = client.next();
    assertThat(echo.opcode()).isEqualTo(opcode);
    assertThat(Arrays.equals(echo.payload(), payload)).as("payload").isTrue();
  }

  @Test
  void refusesOneByteMoreFromTheHeader() throws IOException {
    for (int opcode : new int[] {RawClient.TEXT, RawClient.BINARY}) {
      try (RawClient client = RawClient.open(server.port(), "/")) {
        client.send(RawClient.frame(0x80 | opcode, EchoServer.MAX_MESSAGE_BYTES + 1L, new byte[0]));
        client.expectClose(1009, "16777216 bytes");
      }
      try (RawClient client = RawClient.open(server.port(), "/")) {
        client.send(RawClient.fragment(opcode, new byte[MIB]));
        client.send(RawClient.frame(0x80, EchoServer.MAX_MESSAGE_BYTES - MIB + 1L, new byte[0]));
        client.expectClose(1009, "16777216 bytes");
      }
    }
  }
}
