-- Stores counts, one session for each of KEYS, unless a higher epoch is stored.
--   ARGV[1]  time to live in ms
--   ARGV[2]  the same for a session that its owner leaves without a counted message
--   ARGV[3i], [3i + 1], [3i + 2]  for KEYS[i]: epoch, count, 1 if the owner leaves, else 0
-- Returns one integer for each: 1 stored, 2 stored in place of a damaged entry, 0 superseded
-- (nothing was changed), -1 the key is not a hash (nothing was changed).

-- Local names are faster than lookups in a table, and this runs for every message.
local call, pcall, tonumber = redis.call, redis.pcall, tonumber
local now

local function clock()
  if not now then
    local time = call('TIME')
    now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  end
  return now
end

-- A whole number from 0 up to 15 digits, or nil. Lua's numbers are doubles: larger ones are not
-- exact, and a count that is rounded would be a wrong count.
local function whole(text)
  local number = tonumber(text)
  return number and number >= 0 and number < 1e15 and number % 1 == 0 and number or nil
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
    -- A retry that arrives late must not overwrite the higher count of a later commit of the same
    -- lease.
    has = had
    last = false
  else
    if not had then
      call('HSET', key, 'v', '1', 'epoch', epoch, 'count', count, 'created', clock())
    elseif known == mine then
      call('HSET', key, 'count', count)
    else
      call('HSET', key, 'epoch', epoch, 'count', count)
    end
    if last then
      call('HSET', key, 'left', clock())
    elseif stored[3] then
      call('HDEL', key, 'left')
    end
  end
  call('PEXPIRE', key, last and has == 0 and ARGV[2] or ARGV[1])
  return not had and (stored[1] or stored[2]) and 2 or 1
end

local answer = {}

for i, key in ipairs(KEYS) do
  local stored = pcall('HMGET', key, 'epoch', 'count', 'left')
  if stored.err then
    answer[i] = -1
  else
    answer[i] = store(key, stored, ARGV[3 * i], ARGV[3 * i + 1], ARGV[3 * i + 2] == '1')
  end
end

return answer
