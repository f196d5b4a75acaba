package dev.tally.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.zip.Deflater;

/** What a message costs the server that its client compressed, beside the same message as it is. */
final class CompressionPart {

  private static final int SOCKETS = 20;
  private static final int[] SIZES = {32, 1_000, 60_000};
  private static final String OFFER = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

  private static final String OFF = "off";
  private static final String PLAIN = "on, message as it is";
  private static final String COMPRESSED = "on, message compressed";

  private final Samples cpu = new Samples();
  private final Samples wire = new Samples();

  private CompressionPart() {}

  static String run(Lab lab) throws IOException {
    Peers all = lab.peers(lab.jvm());
    List<Peer> peers =
        List.of(
            all.tally(OFF),
            all.tally(PLAIN, "--compression", "on"),
            all.tally(COMPRESSED, "--compression", "on"));
    CompressionPart part = new CompressionPart();
    lab.inTurns(peers, 4, (name, server, round) -> part.measure(lab, name, server, round));
    return "CPU of the server's process for each message, µs, one in flight on each of "
        + SOCKETS
        + " sockets:\n\n"
        + part.cpu.table("compression", "%.1f", OFF)
        + "\nBytes of a message on the wire, its frame included:\n\n"
        + part.wire.table("compression", "%,.0f", "")
        + Report.commands(lab, peers);
  }

  private void measure(Lab lab, String name, ServerProcess server, int number) throws IOException {
    // The just-in-time compiler has the first round.
    boolean counts = lab.brief() || number > 0;
    for (int size : SIZES) {
      byte[] text = text(size);
      ByteBuffer message =
          name.equals(COMPRESSED) ? Wire.frame(0xc1, deflated(text)) : Wire.frame(0x81, text);
      ByteBuffer request = Wire.request(server.port(), name.equals(OFF) ? "" : OFFER);
      try (LoadGenerator load = new LoadGenerator(server.port(), request, message)) {
        load.connect(SOCKETS, SOCKETS);
        load.closedLoop(1, lab.seconds(number == 0 ? 2 : 0.5)).exact();
        double before = server.cpuSeconds();
        Round round = load.closedLoop(1, lab.seconds(2)).exact();
        if (counts) {
          String column = String.format(Locale.ROOT, "%,d bytes", size);
          cpu.add(name, column, (server.cpuSeconds() - before) * 1e6 / round.replies);
          wire.add(name, column, message.capacity());
        }
      }
    }
  }

  /** Words of a small vocabulary, which deflate to about a third, as text of people does. */
  private static byte[] text(int size) {
    Random random = new Random(size);
    StringBuilder text = new StringBuilder();
    while (text.length() < size) {
      int word = random.nextInt(600);
      text.append(Integer.toString(word * 7919 + 104_729, 36)).append(' ');
    }
    return Arrays.copyOf(text.toString().getBytes(US_ASCII), size);
  }

  private static byte[] deflated(byte[] text) {
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    deflater.setInput(text);
    byte[] output = new byte[text.length + 100];
    int length = deflater.deflate(output, 0, output.length, Deflater.SYNC_FLUSH);
    deflater.end();
    // The end of the flush is cut off (RFC 7692, 7.2.1).
    return Arrays.copyOf(output, length - 4);
  }
}
