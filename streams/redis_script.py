"""The scripts by which a partition's read models are written: all of a write or nothing, and never backwards.

`pos` holds the offset of each partition's last write. Changes are taken only when that offset is the one they follow;
a whole write when it is above it. A worker that comes back from the dead is told where Redis is instead.

Fields and values come as one string and their lengths: packing them as arguments one by one took a fifth of a worker.
"""

from collections.abc import Mapping

import msgspec

CHANGES_KEPT = 20_000
"""Entries of the stream `changes`: some minutes of a busy town, for screens that come back after a break."""

# KEYS: pos, stream of changes, then each hash that is written.
# ARGV: field of pos, offset, kind (`changes` | `whole`), the offset that changes follow (empty: any), src, clock_ms,
# body, how long the stream is, the layout (MessagePack: for each hash the staged key (empty: none, `-`: the hash becomes
# empty first), the lengths of fields and values in turn, the lengths of fields that go), and all of these in a row.
WRITE = """
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if stored and tonumber(stored) >= tonumber(ARGV[2]) then return {'above', stored} end
if ARGV[3] == 'changes' and stored ~= ARGV[4] then return {'other', stored or ''} end
local layout, row, at = cmsgpack.unpack(ARGV[9]), ARGV[10], 1
local function give(command, key, lengths)
  local args = {}
  for i = 1, #lengths do
    args[#args + 1] = string.sub(row, at, at + lengths[i] - 1)
    at = at + lengths[i]
    if #args == 2000 or i == #lengths then
      redis.call(command, key, unpack(args))
      args = {}
    end
  end
end
for k = 3, #KEYS do
  local staged, sets, gone = unpack(layout[k - 2])
  if staged == '-' then
    redis.call('DEL', KEYS[k])
  elseif staged ~= '' then
    redis.call('RENAME', staged, KEYS[k])
    redis.call('PERSIST', KEYS[k])
  end
  give('HSET', KEYS[k], sets)
  give('HDEL', KEYS[k], gone)
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[8], '*',
  'src', ARGV[5], 'offset', ARGV[2], 'clock_ms', ARGV[6], 'body', ARGV[7])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return {'written', ARGV[2]}
"""

# KEYS: the staged hash. ARGV: lengths of fields and values in turn, all of them in a row, seconds until it goes.
STAGE = """
local lengths, row, at, args = cmsgpack.unpack(ARGV[1]), ARGV[2], 1, {}
for i = 1, #lengths do
  args[#args + 1] = string.sub(row, at, at + lengths[i] - 1)
  at = at + lengths[i]
  if #args == 2000 or i == #lengths then
    redis.call('HSET', KEYS[1], unpack(args))
    args = {}
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""

pack = msgspec.msgpack.Encoder().encode


def laid_out(fields: Mapping[str, bytes | None]) -> tuple[list[int], list[int], list[bytes]]:
    """Return a hash's fields as the scripts take them.

    Returns
    -------
    tuple[list[int], list[int], list[bytes]]
        The lengths of what is set (field, value, field, …), of the fields that go, and all the parts in that order.

    """
    sets: list[bytes] = []
    gone: list[bytes] = []
    for field, value in fields.items():
        if value is None:
            gone.append(field.encode())
        else:
            sets += (field.encode(), value)
    return [len(part) for part in sets], [len(part) for part in gone], sets + gone
