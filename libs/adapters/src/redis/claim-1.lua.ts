/** The text of a script is code: `script.ts` names it by its hash, so an edit is a new script. */
export const CLAIM_1 = `
-- claim-1: takes a partition for a new owner, if nobody else has since it was looked at.
--
-- KEYS  1 checkpoint (hash)
-- ARGV  1 layout that this version writes
--       2 token, of this claim alone
--       3 epoch that was seen; 0: none
-- Answers  { 'taken', epoch, next or false, meta or false }; the same again to the same token (a lost reply)
--          { 'raced' } when the epoch is another by now
-- Errors   CALLFOLD ...: must not go on. Nothing was written.

local checkpoint = KEYS[1]

local found = redis.call('TYPE', checkpoint)['ok']
if found ~= 'none' and found ~= 'hash' then
  return redis.error_reply('CALLFOLD the key ' .. checkpoint .. ' is a ' .. found .. ' and should be a hash:'
    .. ' another program writes under our keys. Give it another database, then delete the key')
end

local stored = redis.call('HMGET', checkpoint, 'layout', 'epoch', 'token', 'next', 'meta')
if stored[1] and stored[1] ~= ARGV[1] then
  return redis.error_reply('CALLFOLD the keys of ' .. checkpoint .. ' have layout ' .. stored[1]
    .. ' and this version knows layout ' .. ARGV[1] .. ': run the version that wrote them, or rebuild')
end

if stored[3] == ARGV[2] then
  return { 'taken', stored[2], stored[4], stored[5] }
end
if (stored[2] or '0') ~= ARGV[3] then
  return { 'raced' }
end
local epoch = string.format('%.0f', tonumber(ARGV[3]) + 1)
redis.call('HSET', checkpoint, 'layout', ARGV[1], 'epoch', epoch, 'token', ARGV[2], 'commit', '0')
return { 'taken', epoch, stored[4], stored[5] }
`;
