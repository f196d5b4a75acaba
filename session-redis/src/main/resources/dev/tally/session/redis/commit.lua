-- Stores counts. KEYS: the sessions' hashes. ARGV[1]: time to live in ms; then three a session: the
-- lease's epoch, the count, and whether the owner leaves (1 or 0).
-- Returns one number a session: 1 stored, 0 superseded.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local result = {}
for i, key in ipairs(KEYS) do
  local epoch, count = ARGV[3 * i - 1], ARGV[3 * i]
  local left = ARGV[3 * i + 1] == '1' and now or 0
  local found = redis.call('HMGET', key, 'epoch', 'count')
  if found[1] and tonumber(found[1]) > tonumber(epoch) then
    result[i] = 0
  else
    if not found[1] then
      redis.call('HSET', key, 'epoch', epoch, 'count', count, 'created', now, 'left', left)
    else
      -- A repeat that comes late must not take back what a later commit of the same lease stored.
      if found[1] == epoch and tonumber(found[2]) > tonumber(count) then
        count = found[2]
      end
      redis.call('HSET', key, 'epoch', epoch, 'count', count, 'left', left)
    end
    redis.call('PEXPIRE', key, ARGV[1])
    result[i] = 1
  end
end
return result
