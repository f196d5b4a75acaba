package dev.tally.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Objects;

/**
 * Client frames in words: {@code text:ab.. ping:x more:cd} is a text message in two fragments with
 * a ping between them. Two dots say that more fragments follow; {@code close:1000} has a status
 * code.
 */
final class Frames {

  private static final Map<String, Integer> OPCODES =
      Map.of(
          "more", RawClient.CONTINUATION,
          "text", RawClient.TEXT,
          "binary", RawClient.BINARY,
          "close", RawClient.CLOSE,
          "ping", RawClient.PING,
          "pong", RawClient.PONG);

  private Frames() {}

  static byte[] of(String words) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String word : words.split(" ", -1)) {
      String[] parts = word.split(":", 2);
      int opcode = Objects.requireNonNull(OPCODES.get(parts[0]), word);
      boolean more = parts[1].endsWith("..");
      String text = more ? parts[1].substring(0, parts[1].length() - 2) : parts[1];
      byte[] payload =
          opcode == RawClient.CLOSE && !text.isEmpty()
              ? RawClient.closePayload(Integer.parseInt(text), "")
              : text.getBytes(UTF_8);
      bytes.writeBytes(
          more ? RawClient.fragment(opcode, payload) : RawClient.frame(opcode, payload));
    }
    return bytes.toByteArray();
  }
}
