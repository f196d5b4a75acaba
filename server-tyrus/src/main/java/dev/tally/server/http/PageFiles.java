package dev.tally.server.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * The files of the page and of the JavaScript client, read once, so that no selector thread ever
 * reads from a disk. Immutable.
 */
final class PageFiles {

  /** The page loads nothing from elsewhere, runs nothing inline, and is put into no frame. */
  private static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
          + " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final List<String> NAMES =
      List.of(
          "page/index.html",
          "page/page.css",
          "page/icon.svg",
          "page/page.js",
          "page/frame-log.js",
          "page/latency-chart.js",
          "page/tally-marks.js",
          "client/backoff.js",
          "client/close-codes.js",
          "client/connection.js",
          "client/events.js",
          "client/frames.js",
          "client/hints.js",
          "client/ledger.js",
          "client/options.js",
          "client/outbox.js",
          "client/reconnect-rules.js",
          "client/session-memory.js",
          "client/tally-client.js",
          "client/tally-error.js",
          "client/timers.js",
          "client/tokens.js");

  private final Map<String, PageFile> byPath;

  /**
   * One file.
   *
   * @param etag of the content, in quotes
   * @param answer the file
   * @param unchanged the answer to those who have it
   */
  record PageFile(String etag, HttpAnswer answer, HttpAnswer unchanged) {}

  private PageFiles(Map<String, PageFile> byPath) {
    this.byPath = byPath;
  }

  static PageFiles load() {
    Map<String, PageFile> files = new HashMap<>();
    for (String name : NAMES) {
      files.put("/" + name, read(name));
    }
    files.put("/", read("page/index.html"));
    return new PageFiles(files);
  }

  /** The file at a path of the URL. */
  Optional<PageFile> get(String path) {
    return Optional.ofNullable(byPath.get(path));
  }

  private static PageFile read(String name) {
    try (InputStream stream = PageFiles.class.getResourceAsStream("web/" + name)) {
      if (stream == null) {
        throw new IllegalStateException("the jar lacks the page's file " + name);
      }
      byte[] bytes = stream.readAllBytes();
      // Not a digest: that is slow while nothing is compiled, and an ETag needs no protection.
      CRC32 checksum = new CRC32();
      checksum.update(bytes);
      String etag = '"' + Long.toHexString(checksum.getValue()) + '-' + bytes.length + '"';
      List<String> common =
          List.of(
              "Cache-Control: no-cache",
              "ETag: " + etag,
              "Content-Security-Policy: " + CONTENT_SECURITY_POLICY,
              "Referrer-Policy: no-referrer");
      List<String> headers = new ArrayList<>(common);
      headers.add("Content-Type: " + contentType(name));
      headers.add("X-Content-Type-Options: nosniff");
      return new PageFile(
          etag,
          new HttpAnswer("200 OK", headers, bytes),
          new HttpAnswer("304 Not Modified", common, new byte[0]));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String contentType(String name) {
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "html" -> "text/html; charset=utf-8";
      case "css" -> "text/css; charset=utf-8";
      case "js" -> "text/javascript; charset=utf-8";
      case "svg" -> "image/svg+xml";
      default -> throw new IllegalStateException(name + " is of no type that the page uses");
    };
  }
}
