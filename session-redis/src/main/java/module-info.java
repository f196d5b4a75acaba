/** Sessions in Redis, for a hub of {@link dev.tally.chat}. */
module dev.tally.session.redis {
  requires transitive dev.tally.chat;
  requires redis.clients.jedis;
  requires static transitive org.jspecify;

  exports dev.tally.session.redis;
}
