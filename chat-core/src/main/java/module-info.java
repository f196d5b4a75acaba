/**
 * Counts, resumes and drains sessions, without a dependency at run time. Embedders implement {@link
 * dev.tally.chat.spi.Transport} for their server and, if they need another store, {@link
 * dev.tally.chat.spi.SessionStore} for their database.
 */
module dev.tally.chat {
  requires static transitive org.jspecify;

  exports dev.tally.chat;
  exports dev.tally.chat.protocol;
  exports dev.tally.chat.spi;
}
