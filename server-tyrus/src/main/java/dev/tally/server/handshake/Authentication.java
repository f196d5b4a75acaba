package dev.tally.server.handshake;

import dev.tally.server.auth.TokenVerifier;
import dev.tally.server.auth.Verdict;
import dev.tally.server.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the token of a handshake and has it checked (RFC 6750). Does not block. Safe for concurrent
 * use.
 */
public final class Authentication {

  /** Tokens with many roles take 4 KiB; what is longer costs more to read than it is worth. */
  static final int MAX_TOKEN_LENGTH = 8192;

  private static final Admission ANONYMOUS = new Admission.Granted(Optional.empty());

  private static final String AUTHORIZATION = "Authorization";
  private static final String PARAMETER = "access_token";
  private static final Pattern BEARER = Pattern.compile("Bearer +(\\S+)", Pattern.CASE_INSENSITIVE);
  private static final String CHALLENGE = "WWW-Authenticate: Bearer realm=\"tally\"";

  private final Optional<TokenVerifier> verifier;
  private final boolean inQuery;
  private final Duration retryAfter;

  private Authentication(Optional<TokenVerifier> verifier, boolean inQuery, Duration retryAfter) {
    this.verifier = verifier;
    this.inQuery = inQuery;
    this.retryAfter = retryAfter;
  }

  /**
   * Takes every client without a token.
   *
   * @return for servers that are open, or behind something that checks
   */
  public static Authentication off() {
    return new Authentication(Optional.empty(), false, Duration.ZERO);
  }

  /**
   * Takes clients with a valid token only.
   *
   * @param verifier checks tokens
   * @param inQuery whether a token may be in the query, where proxies log it
   * @param retryAfter when a client may come back whose token could not be checked
   * @return the check
   */
  public static Authentication by(TokenVerifier verifier, boolean inQuery, Duration retryAfter) {
    return new Authentication(Optional.of(verifier), inQuery, retryAfter);
  }

  /**
   * Checks a request.
   *
   * @param request an upgrade request that broke no other rule
   * @return whether it may go on
   */
  public Admission check(HttpRequest request) {
    if (verifier.isEmpty()) {
      return ANONYMOUS;
    }
    List<String> headers = request.headers(AUTHORIZATION);
    List<String> parameters = Query.values(request, PARAMETER);
    if (!parameters.isEmpty() && !inQuery) {
      return malformed(
          "A token in the query is not accepted: send it in Authorization or"
              + " Sec-WebSocket-Protocol.");
    }
    List<String> tokens = new ArrayList<>(1);
    tokens.addAll(Subprotocols.tokens(request.headers(Subprotocols.HEADER)));
    tokens.addAll(parameters);
    if (headers.size() + tokens.size() > 1) {
      return malformed("There is more than one token: send it once, in one place.");
    }
    if (!headers.isEmpty()) {
      Matcher bearer = BEARER.matcher(headers.get(0));
      if (!bearer.matches()) {
        return malformed("Authorization must be the word Bearer, a space and a token.");
      }
      tokens.add(bearer.group(1));
    }
    return tokens.isEmpty() ? missing() : judge(verifier.get(), tokens.get(0));
  }

  private Admission judge(TokenVerifier tokens, String token) {
    Verdict verdict =
        token.length() > MAX_TOKEN_LENGTH
            ? new Verdict.Invalid("The token is longer than " + MAX_TOKEN_LENGTH + " characters.")
            : tokens.verify(token);
    if (verdict instanceof Verdict.Valid valid) {
      return new Admission.Granted(Optional.of(valid.client()));
    }
    if (verdict instanceof Verdict.Invalid invalid) {
      return new Admission.Denied(
          new Refusal(
              "401 Unauthorized",
              "unauthorized",
              challenge("invalid_token", invalid.sentence()),
              invalid.sentence()));
    }
    return new Admission.Denied(
        Refusal.unavailable(
            "keys_unavailable",
            "The key of the token is not known here yet, and is being fetched; try again.",
            retryAfter));
  }

  /** Without an error: a client that sent no token did nothing wrong (RFC 6750, section 3.1). */
  private static Admission missing() {
    return new Admission.Denied(
        new Refusal(
            "401 Unauthorized",
            "unauthorized",
            CHALLENGE,
            "A token is required: send it in the header Authorization, after the word Bearer, or as"
                + " the subprotocol bearer. and the token."));
  }

  private static Admission malformed(String sentence) {
    return new Admission.Denied(
        new Refusal(
            "400 Bad Request", "bad_request", challenge("invalid_request", sentence), sentence));
  }

  private static String challenge(String error, String sentence) {
    return CHALLENGE + ", error=\"" + error + "\", error_description=\"" + sentence + "\"";
  }
}
