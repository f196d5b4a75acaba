-- Stores counts, one session for each of KEYS, unless a higher epoch stands there.
--   ARGV[1]  time to live in ms
--   ARGV[2]  the same for a session that its owner leaves without a counted message
--   ARGV[3i], [3i + 1], [3i + 2]  for KEYS[i]: epoch, count, 1 if the owner leaves, else 0
-- Answers one integer for each: 1 stored, 2 stored in place of what was no session, 0 superseded
-- (nothing was changed), -1 the key is no hash (nothing was changed).

local now

local function clock()
  if not now then
    local time = redis.call('TIME')
    now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  end
  return now
end

-- A number as these scripts write it, and no larger than Lua's numbers are exact; else nil.
local function whole(text)
  return text and #text <= 15 and string.find(text, '^%d+$') and tonumber(text) or nil
end

local function store(key, stored, epoch, count, last)
  local known = whole(stored[1])
  local mine = tonumber(epoch)
  if known and known > mine then
    return 0
  end
  local had = known and whole(stored[2])
  local has = tonumber(count)
  if had and known == mine and had > has then
    -- A repeat that comes late must not take back what a later commit of the same lease stored.
    has = had
    last = false
  else
    if not had then
      redis.call('HSET', key, 'v', '1', 'epoch', epoch, 'count', count, 'created', clock())
    elseif known == mine then
      redis.call('HSET', key, 'count', count)
    else
      redis.call('HSET', key, 'epoch', epoch, 'count', count)
    end
    if last then
      redis.call('HSET', key, 'left', clock())
    elseif stored[3] then
      redis.call('HDEL', key, 'left')
    end
  end
  redis.call('PEXPIRE', key, last and has == 0 and ARGV[2] or ARGV[1])
  return not had and (stored[1] or stored[2]) and 2 or 1
end

local answer = {}

for i, key in ipairs(KEYS) do
  local stored = redis.pcall('HMGET', key, 'epoch', 'count', 'left')
  if stored.err then
    answer[i] = -1
  else
    answer[i] = store(key, stored, ARGV[3 * i], ARGV[3 * i + 1], ARGV[3 * i + 2] == '1')
  end
end

return answer
