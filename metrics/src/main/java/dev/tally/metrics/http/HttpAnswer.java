package dev.tally.metrics.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

/**
 * The answer to a request.
 *
 * @param status code and reason phrase of the status line
 * @param type the media type
 * @param header one more header line without its line end; may be empty
 * @param body the body; not changed afterwards
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record HttpAnswer(String status, String type, String header, byte[] body) {

  private static final String TEXT = "text/plain; charset=utf-8";

  /**
   * An answer that says in a sentence why the request is refused. {@link HttpPort} counts it.
   *
   * @param status code and reason phrase of the status line
   * @param header one more header line without its line end; may be empty
   * @param sentence the body
   * @return the answer
   */
  public static HttpAnswer refusal(String status, String header, String sentence) {
    return new HttpAnswer(status, TEXT, header, (sentence + "\n").getBytes(UTF_8));
  }

  /** Whether {@link #refusal} made it: no other answer has its type. */
  boolean isRefusal() {
    return type.equals(TEXT);
  }

  /** The sentence of a refusal. */
  String sentence() {
    return new String(body, UTF_8).strip();
  }

  /** The bytes to send, ready to be read from the buffer. */
  ByteBuffer encode(boolean withBody) {
    byte[] head =
        ("HTTP/1.1 "
                + status
                + "\r\nContent-Type: "
                + type
                + "\r\nContent-Length: "
                + body.length
                + (header.isEmpty() ? "" : "\r\n" + header)
                + "\r\nConnection: close\r\nDate: "
                + DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC))
                + "\r\n\r\n")
            .getBytes(ISO_8859_1);
    ByteBuffer bytes = ByteBuffer.allocate(head.length + (withBody ? body.length : 0)).put(head);
    return (withBody ? bytes.put(body) : bytes).flip();
  }
}
