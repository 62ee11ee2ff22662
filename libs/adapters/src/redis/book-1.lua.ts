/** The text of a script is code: `script.ts` names it by its hash, so an edit is a new script. */
export const BOOK_1 = `
-- book-1: writes which generations there are, if nobody else has since it was read.
--
-- KEYS  1 generations (hash)
-- ARGV  1 version that was read; 0: none   2 text
-- Answers  'ok'; also to a repeat of what was done already (a lost reply)
--          'moved': another version stands

local stored = redis.call('HMGET', KEYS[1], 'version', 'text')
local read = tonumber(ARGV[1])
local version = tonumber(stored[1] or '0')
if version == read + 1 and stored[2] == ARGV[2] then return 'ok' end
if version ~= read then return 'moved' end
redis.call('HSET', KEYS[1], 'version', string.format('%.0f', read + 1), 'text', ARGV[2])
return 'ok'
`;
