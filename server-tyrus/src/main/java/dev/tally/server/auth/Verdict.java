package dev.tally.server.auth;

/** What became of the check of a token. */
public sealed interface Verdict {

  /**
   * The token is valid.
   *
   * @param client what it says
   */
  record Valid(Authenticated client) implements Verdict {}

  /**
   * The token is not valid, and will not be later.
   *
   * @param sentence what is wrong, without any part of the token; fit for {@code error_description}
   *     (RFC 6750, section 3)
   */
  record Invalid(String sentence) implements Verdict {}

  /** The token cannot be checked now: its key is not here yet, and is being fetched. */
  record Undecided() implements Verdict {}
}
