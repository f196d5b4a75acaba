-- Keeps the number of partitions that the first server wrote.
--   KEYS[1]  where it is kept
--   ARGV[1]  the number that this server has
-- Returns the number that is kept; -1 if it is not a number.

redis.call('SET', KEYS[1], ARGV[1], 'NX')
return { tonumber(redis.call('GET', KEYS[1])) or -1 }
