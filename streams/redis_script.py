"""The one script by which a partition's read models are written: all of a write or nothing, and never backwards.

`pos` holds the offset of each partition's last write. Changes are taken only when that offset is the one they follow;
a whole write when it is above it. A worker that comes back from the dead is told where Redis is instead.
"""

# KEYS: pos, stream of changes, then each hash that is written.
# ARGV: field of pos, offset, kind (`changes` | `whole`), the offset that changes follow (empty: any), src, clock_ms,
# body, how long the stream is, then for each hash: staged key (empty: none, `-`: the hash becomes empty first),
# number of sets, field and value each, number of deletions, field each.
WRITE = """
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if stored and tonumber(stored) >= tonumber(ARGV[2]) then return {'above', stored} end
if ARGV[3] == 'changes' and stored ~= ARGV[4] then return {'other', stored or ''} end
local at = 9
for k = 3, #KEYS do
  local key, staged = KEYS[k], ARGV[at]
  at = at + 1
  if staged == '-' then
    redis.call('DEL', key)
  elseif staged ~= '' then
    redis.call('RENAME', staged, key)
    redis.call('PERSIST', key)
  end
  local sets = tonumber(ARGV[at])
  at = at + 1
  while sets > 0 do
    local n = math.min(sets, 1000)
    redis.call('HSET', key, unpack(ARGV, at, at + 2 * n - 1))
    at = at + 2 * n
    sets = sets - n
  end
  local gone = tonumber(ARGV[at])
  at = at + 1
  while gone > 0 do
    local n = math.min(gone, 1000)
    redis.call('HDEL', key, unpack(ARGV, at, at + n - 1))
    at = at + n
    gone = gone - n
  end
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[8], '*',
  'src', ARGV[5], 'offset', ARGV[2], 'clock_ms', ARGV[6], 'body', ARGV[7])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return {'written', ARGV[2]}
"""

CHANGES_KEPT = 20_000
"""Entries of the stream `changes`: some minutes of a busy town, for screens that come back after a break."""
