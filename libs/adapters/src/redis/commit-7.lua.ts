/** The text of a script is code: `script.ts` names it by its hash, so an edit is a new script. */
export const COMMIT_7 = `
-- commit-7: states, timers, outbox, change feed and position of one partition, all together or not at all.
--
-- KEYS  1 checkpoint (hash)  2 timers (sorted set)  3 outbox (hash)  4 states (hash)  5 agents (hash)
--       6 requests (hash)  7 feed (stream)
-- ARGV  1 layout that this version writes
--       2 epoch, 3 token of the caller's claim
--       4 number of the commit: grows with each commit of a claim, the same when one is repeated
--       5 position expected; '': none   6 position after it   7 meta
--       8 number of the first outbox entry   9 of the one after the last   10 outbox entries below this number go
--       12 number of the claim's commit before, which this one builds on; 0: none
--       13 entries of the feed that are kept; 0: this commit leaves none   14 subjects of one entry, at most 3000
--       11 what to write, in MessagePack: nine arrays of strings
--          1 timers to set: due, key, ...     2 timers to remove: key, ...     3 outbox entries: number, bytes, ...
--          4 states to set: field, value, ... 5 states to remove: field, ...   6 and 7 agents, as 4 and 5
--          8 and 9 requests, as 4 and 5
-- Answers  'ok'; also to a repeat of what was done already (a lost reply), which writes nothing
--          'fenced': a newer owner holds the partition    'moved': position or claim are not the caller's
-- Errors   CALLFOLD ...: must not go on. Nothing was written.
--
-- A script that fails half-way stays half done: so everything that can fail is checked before the first write, and what
-- is written is set by name or number, never added to, with the position last: a commit that was cut short is made
-- whole by making it again. Out of memory is no such case: Redis looks once, before a script's first write, and lets it
-- finish after that.

local CHUNK = 7000        -- values for one call: unpack() takes less than 8000; even, for pairs
local TRIMMED = 20000     -- outbox entries removed in one commit; what is left goes with the next

local function refuse(what)
  return redis.error_reply('CALLFOLD ' .. what)
end

local TYPES = { 'hash', 'zset', 'hash', 'hash', 'hash', 'hash', 'stream' }
if #KEYS ~= #TYPES or #ARGV ~= 14 then
  return refuse('commit-7 was called with ' .. #KEYS .. ' keys and ' .. #ARGV .. ' arguments')
end
for i, wanted in ipairs(TYPES) do
  local found = redis.call('TYPE', KEYS[i])['ok']
  if found ~= 'none' and found ~= wanted then
    return refuse('the key ' .. KEYS[i] .. ' is a ' .. found .. ' and should be a ' .. wanted
      .. ': another program writes under our keys. Give it another database, then delete the key')
  end
end

local layout, token, expected, next_position, meta = ARGV[1], ARGV[3], ARGV[5], ARGV[6], ARGV[7]
local epoch, number = tonumber(ARGV[2]), tonumber(ARGV[4])
local from, upto, trim = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local after, kept, cut = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
local unpacked, parts = pcall(cmsgpack.unpack, ARGV[11])
if not (epoch and number and after and tonumber(next_position) and from and upto and trim and upto >= from
  and kept and cut) then
  return refuse('commit-7 was called with an argument that is no number')
end
if not unpacked or type(parts) ~= 'table' or #parts ~= 9 then
  return refuse('commit-7 cannot read what to write')
end
local timers_set, timers_removed, entries = parts[1], parts[2], parts[3]
local tables = { { KEYS[4], parts[4], parts[5] }, { KEYS[5], parts[6], parts[7] },
  { KEYS[6], parts[8], parts[9] } }
if #timers_set % 2 + #entries % 2 + #parts[4] % 2 + #parts[6] % 2 + #parts[8] % 2 > 0 then
  return refuse('commit-7 has a value without a name')
end
for i = 1, #timers_set, 2 do
  local due = tonumber(timers_set[i])
  if not due or due ~= due then
    return refuse('commit-7 has a timer whose due time is no number: ' .. tostring(timers_set[i]))
  end
end

local stored = redis.call('HMGET', KEYS[1], 'layout', 'epoch', 'token', 'commit', 'next',
  'outboxFirst', 'outboxTrim', 'outboxNext', 'fed')
if stored[1] and stored[1] ~= layout then
  return refuse('the keys of ' .. KEYS[1] .. ' have layout ' .. stored[1]
    .. ' and this version knows layout ' .. layout .. ': run the version that wrote them, or rebuild')
end
local stored_epoch = tonumber(stored[2] or 0)
if stored_epoch > epoch then return 'fenced' end
if stored_epoch < epoch or stored[3] ~= token then return 'moved' end
local stored_number = tonumber(stored[4] or 0)
if stored_number == number then return 'ok' end
-- A commit that was lost without moving the position (timers fired, the outbox trimmed) shows here alone.
if stored_number ~= after then return 'moved' end
if (stored[5] or '') ~= expected then return 'moved' end

-- From here on nothing can fail but the server itself.

local function in_chunks(command, key, values)
  for i = 1, #values, CHUNK do
    redis.call(command, key, unpack(values, i, math.min(i + CHUNK - 1, #values)))
  end
end

in_chunks('ZADD', KEYS[2], timers_set)
in_chunks('HSET', KEYS[3], entries)
for _, part in ipairs(tables) do in_chunks('HSET', part[1], part[2]) end
for _, part in ipairs(tables) do in_chunks('HDEL', part[1], part[3]) end
in_chunks('ZREM', KEYS[2], timers_removed)

-- The outbox holds numbers from first up to before last; what is below the trim is gone for readers, removed or not.
local first, last = tonumber(stored[6] or 0), tonumber(stored[8] or 0)
if upto > from then
  if first >= last then first = from end
  last = math.max(last, upto)
end
trim = math.max(trim, tonumber(stored[7] or 0))
local gone = {}
while first < trim and first < last and #gone < TRIMMED do
  gone[#gone + 1] = string.format('%.0f', first)
  first = first + 1
end
in_chunks('HDEL', KEYS[3], gone)

-- The feed names the subjects whose states were set or removed; a commit that only moves on leaves an empty entry.
local fed = tonumber(stored[9] or 0)
local entry
local function leave()
  fed = fed + 1
  entry[5] = string.format('%.0f-0', fed)
  local added = redis.pcall('XADD', unpack(entry))
  if type(added) ~= 'table' then return end
  -- The entry of a commit that was cut short: whoever reads the feed begins anew.
  redis.call('UNLINK', KEYS[7])
  redis.call('XADD', unpack(entry))
end
local function begin()
  entry = { KEYS[7], 'MAXLEN', '~', ARGV[13], '', 'commit', next_position .. ' ' .. token }
end
local function name(subject)
  if #entry >= 7 + 2 * cut then leave() begin() end
  entry[#entry + 1] = subject
  entry[#entry + 1] = ''
end
if kept > 0 and (#parts[4] + #parts[5] > 0 or next_position ~= expected) then
  -- What stands there then is of a checkpoint that is no more.
  if fed == 0 then redis.call('UNLINK', KEYS[7]) end
  begin()
  for i = 1, #parts[4], 2 do name(parts[4][i]) end
  for i = 1, #parts[5] do name(parts[5][i]) end
  leave()
end

redis.call('HSET', KEYS[1], 'layout', layout, 'commit', ARGV[4], 'next', next_position, 'meta', meta,
  'outboxFirst', string.format('%.0f', first), 'outboxTrim', string.format('%.0f', trim),
  'outboxNext', string.format('%.0f', last), 'fed', string.format('%.0f', fed))
return 'ok'
`;
