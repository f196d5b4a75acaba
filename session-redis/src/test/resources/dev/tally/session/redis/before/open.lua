-- Claims sessions, one for each of KEYS, in order.
--   ARGV[1]  time to live in ms
-- Answers four integers for each: epoch; count; 1 if the session was there, else 0; ms since the
-- last owner left, or -1 if none said so. Four times -1 where the key holds something else.
-- The clock is the server's own: the machines that ask need not agree on the time.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}

for i, key in ipairs(KEYS) do
  local stored = redis.pcall('HMGET', key, 'epoch', 'count', 'left')
  local at = 4 * i - 3
  if stored.err then
    answer[at], answer[at + 1], answer[at + 2], answer[at + 3] = -1, -1, -1, -1
  else
    local known = tonumber(stored[1])
    local left = tonumber(stored[3])
    local epoch = math.max((known or 0) + 1, now)
    local text = string.format('%.0f', epoch)
    if known then
      redis.call('HSET', key, 'epoch', text)
      if left then
        redis.call('HDEL', key, 'left')
      end
    else
      redis.call('HSET', key, 'v', '1', 'epoch', text, 'count', '0', 'created', string.format('%.0f', now))
    end
    redis.call('PEXPIRE', key, ARGV[1])
    answer[at] = epoch
    answer[at + 1] = known and tonumber(stored[2]) or 0
    answer[at + 2] = known and 1 or 0
    answer[at + 3] = left and math.max(0, now - left) or -1
  end
end

return answer
