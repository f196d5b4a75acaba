-- Claims sessions, one for each of KEYS, in order.
--   ARGV[1]  time to live in ms
--   ARGV[2]  the same for a session without a counted message
-- Returns four integers for each: epoch; count; 1 if the session existed, 2 if its entry was
-- damaged and it starts again, else 0; ms since the last owner left, or -1 if that is not known.
-- Four times -1 if the key is not a hash: it is left as it is.
-- The clock is Redis's own, because the clocks of the servers may differ.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}

-- A whole number from 0 up to 15 digits, or nil. Lua's numbers are doubles: larger ones are not
-- exact.
local function whole(text)
  local number = tonumber(text)
  return number and number >= 0 and number < 1e15 and number % 1 == 0 and number or nil
end

for i, key in ipairs(KEYS) do
  local stored = redis.pcall('HMGET', key, 'epoch', 'count', 'left')
  local at = 4 * i - 3
  if stored.err then
    answer[at], answer[at + 1], answer[at + 2], answer[at + 3] = -1, -1, -1, -1
  else
    local known = whole(stored[1])
    local count = known and whole(stored[2])
    local left = count and whole(stored[3])
    local epoch = math.max((known or 0) + 1, now)
    local text = string.format('%.0f', epoch)
    if count then
      redis.call('HSET', key, 'epoch', text)
    else
      redis.call('HSET', key, 'v', '1', 'epoch', text, 'count', '0', 'created', string.format('%.0f', now))
    end
    if stored[3] then
      redis.call('HDEL', key, 'left')
    end
    redis.call('PEXPIRE', key, (count or 0) > 0 and ARGV[1] or ARGV[2])
    answer[at] = epoch
    answer[at + 1] = count or 0
    answer[at + 2] = count and 1 or (stored[1] or stored[2]) and 2 or 0
    answer[at + 3] = left and math.max(0, now - left) or -1
  end
end

return answer
