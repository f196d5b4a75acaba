/** Sessions in Redis. */
module dev.tally.session.redis {
  requires static org.jspecify;
  requires transitive dev.tally.chat;
  requires redis.clients.jedis;
  requires org.apache.commons.pool2;

  exports dev.tally.session.redis;
}
