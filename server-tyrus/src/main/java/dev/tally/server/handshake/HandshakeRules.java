package dev.tally.server.handshake;

import dev.tally.chat.protocol.SessionId;
import dev.tally.server.auth.Authenticated;
import dev.tally.server.http.AllowedHosts;
import dev.tally.server.http.HttpRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an upgrade request must look like (RFC 6455, sections 4.2.1 and 10.2). */
public final class HandshakeRules {

  private static final Pattern REQUEST_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final String EXTENSIONS = "Sec-WebSocket-Extensions";
  private static final String SESSION_PARAMETER = "session_id";

  /** A proxy may pass on many more, which would make the answer larger than the request. */
  private static final int HOSTS_SHOWN = 4;

  private final AllowedHosts hosts;
  private final OriginPolicy origins;
  private final Forwarded forwarded;
  private final boolean compression;

  /**
   * Makes the rules.
   *
   * @param allowedHosts see {@link AllowedHosts}
   * @param allowedOrigins see {@link OriginPolicy}
   * @param trustedProxies see {@link ClientAddress}
   * @param compression whether permessage-deflate may be agreed on
   */
  public HandshakeRules(
      List<String> allowedHosts,
      List<String> allowedOrigins,
      List<String> trustedProxies,
      boolean compression) {
    this.hosts = new AllowedHosts(allowedHosts);
    this.origins = new OriginPolicy(allowedOrigins);
    this.forwarded = new Forwarded(new ClientAddress(trustedProxies));
    this.compression = compression;
  }

  /**
   * Checks every rule.
   *
   * @param request the upgrade request
   * @return the first rule that it breaks, or null
   */
  public @Nullable Refusal check(HttpRequest request) {
    Refusal refusal = checkUpgrade(request);
    if (refusal == null) {
      refusal = checkKeyAndVersion(request);
    }
    if (refusal == null) {
      refusal = checkExtensions(request);
    }
    if (refusal == null) {
      refusal = checkSessionId(request);
    }
    if (refusal == null) {
      refusal = checkHost(request);
    }
    return refusal == null ? checkOrigin(request) : refusal;
  }

  private static @Nullable Refusal checkUpgrade(HttpRequest request) {
    if (!request.method().equals("GET")) {
      return new Refusal(
          "405 Method Not Allowed",
          "bad_request",
          "Allow: GET",
          "A WebSocket handshake is a GET request, not " + Refusal.quoted(request.method()) + ".");
    }
    if (!request.isHttp11()) {
      return bad("A WebSocket handshake needs HTTP/1.1.");
    }
    if (!hasToken(request, "Upgrade", "websocket")) {
      return bad("This is a WebSocket endpoint: the header 'Upgrade: websocket' is required.");
    }
    if (!hasToken(request, "Connection", "upgrade")) {
      return bad("The header 'Connection: Upgrade' is required.");
    }
    if (request.hasBody()) {
      // What follows would be body to a proxy before us and frames to us.
      return bad("A WebSocket handshake has no body.");
    }
    return null;
  }

  private static @Nullable Refusal checkKeyAndVersion(HttpRequest request) {
    String key = only(request, "Sec-WebSocket-Key");
    if (!isKey(key)) {
      return bad(
          "Sec-WebSocket-Key must be 16 bytes in base64, once, not "
              + Refusal.quoted(key == null ? "" : key)
              + ".");
    }
    String version = request.header("Sec-WebSocket-Version");
    if (version != null && only(request, "Sec-WebSocket-Version") == null) {
      return bad("Sec-WebSocket-Version must be there once.");
    }
    if (!"13".equals(version)) {
      return new Refusal(
          "426 Upgrade Required",
          "wrong_version",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Version must be 13, not "
              + Refusal.quoted(version == null ? "" : version)
              + ".");
    }
    return null;
  }

  private @Nullable Refusal checkExtensions(HttpRequest request) {
    try {
      Optional<String> unused = extensions(request);
    } catch (IllegalArgumentException e) {
      return bad(
          EXTENSIONS
              + " must be a list of extensions with their parameters (RFC 6455, 9.1), not "
              + Refusal.quoted(String.valueOf(e.getMessage()))
              + ".");
    }
    return null;
  }

  private @Nullable Refusal checkHost(HttpRequest request) {
    String host = request.header("Host");
    if (!hosts.allows(host)) {
      return new Refusal(
          "421 Misdirected Request",
          "wrong_host",
          "This server does not answer for the host "
              + Refusal.quoted(host == null ? "" : host)
              + ".");
    }
    return null;
  }

  private @Nullable Refusal checkOrigin(HttpRequest request) {
    String origin = request.header("Origin");
    if (origin != null && only(request, "Origin") == null) {
      return bad("Origin must be there once.");
    }
    if (origin == null) {
      return null;
    }
    Set<String> hosts = forwarded.hosts(request);
    if (!origins.allows(origin, hosts, forwarded.isSecure(request))) {
      return new Refusal(
          "403 Forbidden",
          "forbidden_origin",
          "Pages of the origin "
              + Refusal.quoted(origin)
              + " may not connect here: it is not in --allowed-origins, and it is not the origin that"
              + " was asked for, on "
              + hosts.stream()
                  .limit(HOSTS_SHOWN)
                  .map(Refusal::quoted)
                  .collect(Collectors.joining(" or "))
              + ".");
    }
    return null;
  }

  /**
   * Reads what the handshake says of its client.
   *
   * @param request one that broke no rule
   * @param address what {@link #address} said of it
   * @param client what {@link Authentication} said of it
   * @return the handshake
   */
  public Handshake read(HttpRequest request, String address, Optional<Authenticated> client) {
    List<String> asked = Query.values(request, SESSION_PARAMETER);
    String requestId = request.header("X-Request-Id");
    if (requestId == null || !REQUEST_ID.matcher(requestId).matches()) {
      // No secret, so it need not be unguessable.
      requestId = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }
    return new Handshake(
        asked.isEmpty()
            ? SessionId.random()
            : SessionId.parse(URLDecoder.decode(asked.get(0), StandardCharsets.UTF_8)),
        requestId,
        address,
        client,
        extensions(request));
  }

  private Optional<String> extensions(HttpRequest request) {
    return compression ? PermessageDeflate.agree(request.headers(EXTENSIONS)) : Optional.empty();
  }

  /**
   * The address that the request counts for.
   *
   * @param request any request
   * @return the address of the client, or of a proxy that is not trusted
   */
  public String address(HttpRequest request) {
    return forwarded.address(request);
  }

  private static Refusal bad(String sentence) {
    return new Refusal("400 Bad Request", "bad_request", sentence);
  }

  private static boolean hasToken(HttpRequest request, String header, String token) {
    if (header.equals("Upgrade")) {
      String upgrade = request.header(header);
      return upgrade != null && contains(upgrade, token);
    }
    for (String value : request.headers(header)) {
      if (contains(value, token)) {
        return true;
      }
    }
    return false;
  }

  private static boolean contains(String list, String token) {
    if (list.equalsIgnoreCase(token)) {
      return true;
    }
    for (String part : list.split(",", -1)) {
      if (part.strip().toLowerCase(Locale.ROOT).equals(token)) {
        return true;
      }
    }
    return false;
  }

  /** The header's value, or null unless there is exactly one. */
  private static @Nullable String only(HttpRequest request, String header) {
    Iterator<String> values = request.headers(header).iterator();
    String first = values.hasNext() ? values.next() : null;
    return values.hasNext() ? null : first;
  }

  private static boolean isKey(@Nullable String key) {
    try {
      return key != null && key.length() == 24 && Base64.getDecoder().decode(key).length == 16;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static @Nullable Refusal checkSessionId(HttpRequest request) {
    String asked = "";
    SessionId first = null;
    try {
      for (String raw : Query.values(request, SESSION_PARAMETER)) {
        asked = raw;
        asked = URLDecoder.decode(raw, StandardCharsets.UTF_8);
        SessionId id = SessionId.parse(asked);
        if (first != null && !first.equals(id)) {
          return new Refusal(
              "400 Bad Request", "bad_session_id", "session_id is there twice, with two values.");
        }
        first = id;
      }
      return null;
    } catch (IllegalArgumentException e) {
      return new Refusal(
          "400 Bad Request",
          "bad_session_id",
          Refusal.quoted(asked)
              + " will not do: session_id must be a UUID of 36 characters, such as "
              + "123e4567-e89b-42d3-a456-426614174000, and not all zeros or ones.");
    }
  }
}
