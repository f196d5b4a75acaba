-- Stores counts, one session for each of KEYS, unless a higher epoch is stored. With a message log,
-- also adds the messages that the log does not have. Then the streams follow in KEYS, one for each
-- session.
--   ARGV[1]  time to live in ms
--   ARGV[2]  the same for a session that its owner leaves without a counted message
--   ARGV[3]  about how many entries a stream keeps; 0 all; empty if there is no message log
-- The rest is for the sessions, in order: epoch, count, 1 if the owner leaves, else 0. With a
-- message log, then: subject or empty, how many messages follow, and their texts up to the count.
-- Returns one integer for each: 1 stored, 2 stored in place of a damaged entry, 0 superseded
-- (nothing was changed), -1 the key is not a hash (nothing was changed), -2 the log took no entry
-- (nothing was changed). With a message log, two more for each: how many messages were added to it,
-- and how many numbers are missing in it before them.

-- Local names are faster than lookups in a table, and this runs for every message.
local call, pcall, tonumber, format = redis.call, redis.pcall, tonumber, string.format
local length = ARGV[3]
local logs = length ~= ''
local position = 4
local now

local function clock()
  if not now then
    local time = call('TIME')
    now = format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  end
  return now
end

-- A whole number from 0 up to 15 digits, or nil. Lua's numbers are doubles: larger ones are not
-- exact, and a count that is rounded would be a wrong count.
local function whole(text)
  local number = tonumber(text)
  return number and number >= 0 and number < 1e15 and number % 1 == 0 and number or nil
end

local function add(stream, ...)
  if length == '0' then
    return pcall('XADD', stream, '*', ...)
  end
  return pcall('XADD', stream, 'MAXLEN', '~', length, '*', ...)
end

-- Adds what the log does not have up to a count: first the gap, if there is one, then the messages.
-- Returns how many messages were added, and how many numbers are missing; nil if the stream refused
-- an entry. It can refuse the first one only: neither its type nor Redis's answer to "is there
-- memory?" changes during a script.
local function append(key, stream, began, logged, has)
  if logged >= has then
    return 0, 0
  end
  local session = string.match(key, '([%x-]+)}?$')
  local subject = ARGV[position + 3]
  local before = has - ARGV[position + 4]
  local missing = 0
  if logged < before then
    local range = format('%.0f-%.0f', logged + 1, before)
    if add(stream, 'session', session, 'began', began, 'gap', range, 'at', clock()).err then
      return nil
    end
    missing = before - logged
  end
  local first = math.max(logged, before) + 1
  for n = first, has do
    local text = ARGV[position + 4 + n - before]
    local number = format('%.0f', n)
    local entry
    if subject == '' then
      entry = add(stream, 'session', session, 'began', began, 'n', number, 'text', text, 'at', clock())
    else
      entry = add(stream, 'session', session, 'began', began, 'n', number, 'text', text, 'at', clock(), 'subject', subject)
    end
    if entry.err then
      return nil
    end
  end
  return has + 1 - first, missing
end

local function store(key, stored, epoch, count, last, stream)
  local known = whole(stored[1])
  local mine = tonumber(epoch)
  if known and known > mine then
    return 0, 0, 0
  end
  local had = known and whole(stored[2])
  local has = tonumber(count)
  local added, missing
  if had and known == mine and had > has then
    -- A retry that arrives late must not overwrite the higher count of a later commit of the same
    -- lease.
    has = had
    last = false
  else
    local began, logged = stored[4], whole(stored[5]) or 0
    if stream then
      if not (had and began) or logged > had or (known < mine and had > has - ARGV[position + 4]) then
        -- Redis has lost the session. Or it has lost a lease, and then took counts of an older one.
        -- The numbers begin again, so that no number stands in the log twice.
        local before = whole(began)
        began, logged = clock(), 0
        if before and before >= tonumber(began) then
          began = format('%.0f', before + 1)
        end
      end
      -- Before the hash is changed: the log may refuse an entry, the hash no longer does.
      added, missing = append(key, stream, began, logged, has)
      if not added then
        return -2, 0, 0
      end
    end
    if stream and had and known == mine and began == stored[4] then
      call('HSET', key, 'count', count, 'logged', count)
    elseif stream then
      call('HSET', key, 'v', '1', 'epoch', epoch, 'count', count, 'created', began, 'logged', count)
    elseif not had then
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
  return not had and (stored[1] or stored[2]) and 2 or 1, added or 0, missing or 0
end

local answer = {}
local sessions = logs and #KEYS / 2 or #KEYS

for i = 1, sessions do
  local key = KEYS[i]
  local stored = logs and pcall('HMGET', key, 'epoch', 'count', 'left', 'created', 'logged')
    or pcall('HMGET', key, 'epoch', 'count', 'left')
  local result, added, missing = -1, 0, 0
  if not stored.err then
    result, added, missing = store(key, stored, ARGV[position], ARGV[position + 1],
      ARGV[position + 2] == '1', KEYS[sessions + i])
  end
  if logs then
    answer[3 * i - 2], answer[3 * i - 1], answer[3 * i] = result, added, missing
    position = position + 5 + ARGV[position + 4]
  else
    answer[i] = result
    position = position + 3
  end
end

return answer
