-- Stores counts, one session for each of KEYS, unless a higher epoch stands there.
--   ARGV[1]                  time to live in ms
--   ARGV[3i - 1], [3i], [3i + 1]  for KEYS[i]: epoch, count, 1 if the owner leaves, else 0
-- Answers one integer for each: 1 stored, 0 superseded (nothing was changed), -1 the key holds
-- something else.

local now

local function clock()
  if not now then
    local time = redis.call('TIME')
    now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  end
  return now
end

local function store(key, stored, epoch, count, last)
  local known = tonumber(stored[1])
  local mine = tonumber(epoch)
  if known and known > mine then
    return 0
  end
  -- A repeat that comes late must not take back what a later commit of the same lease stored.
  if known ~= mine or tonumber(stored[2] or 0) <= tonumber(count) then
    if known == mine then
      redis.call('HSET', key, 'count', count)
    elseif known then
      redis.call('HSET', key, 'epoch', epoch, 'count', count)
    else
      redis.call('HSET', key, 'v', '1', 'epoch', epoch, 'count', count, 'created', clock())
    end
    if last then
      redis.call('HSET', key, 'left', clock())
    elseif stored[3] then
      redis.call('HDEL', key, 'left')
    end
  end
  redis.call('PEXPIRE', key, ARGV[1])
  return 1
end

local answer = {}

for i, key in ipairs(KEYS) do
  local stored = redis.pcall('HMGET', key, 'epoch', 'count', 'left')
  if stored.err then
    answer[i] = -1
  else
    answer[i] = store(key, stored, ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1] == '1')
  end
end

return answer
