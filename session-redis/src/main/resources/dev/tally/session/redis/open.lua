-- Claims sessions. KEYS: their hashes. ARGV[1]: time to live in ms.
-- Returns four numbers a session: epoch, count, whether it was there (1 or 0), and ms since its last
-- owner left (-1: nobody said so).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local result = {}
for _, key in ipairs(KEYS) do
  local found = redis.call('HMGET', key, 'epoch', 'count', 'left')
  local epoch = now
  local count = tonumber(found[2]) or 0
  local left = tonumber(found[3]) or 0
  if found[1] then
    epoch = math.max(tonumber(found[1]) + 1, now)
    redis.call('HSET', key, 'epoch', epoch, 'left', 0)
  else
    redis.call('HSET', key, 'epoch', epoch, 'count', count, 'created', now, 'left', 0)
  end
  redis.call('PEXPIRE', key, ARGV[1])
  result[#result + 1] = epoch
  result[#result + 1] = count
  result[#result + 1] = found[1] and 1 or 0
  result[#result + 1] = left > 0 and math.max(0, now - left) or -1
end
return result
