/**
 * Scripts for Redis. Each does the same when it is done again, as when its answer was lost. A file has a head, a hash: `chunks`, how
 * many keys it has, and `size`, once it is there.
 */

/** Bytes of a file that is not there yet. KEYS: head, chunk. ARGV: offset, bytes, chunks. */
export const STORE = `
redis.call('HSET', KEYS[1], 'chunks', ARGV[3])
redis.call('SETRANGE', KEYS[2], ARGV[1], ARGV[2])
return 1`

/** All of it is there. KEYS: head. ARGV: size. */
export const FINISH = `
redis.call('HSET', KEYS[1], 'size', ARGV[1])
return 1`

/** Pieces for several files, all or none. For each: KEYS head, chunks…; ARGV at, size then, chunks then, slices, and for each an offset and bytes. */
export const APPEND = `
local key, arg = 1, 2
for _ = 1, tonumber(ARGV[1]) do
  local size = redis.call('HGET', KEYS[key], 'size') or '0'
  if size ~= ARGV[arg] then return 0 end
  local slices = tonumber(ARGV[arg + 3])
  key, arg = key + 1 + slices, arg + 4 + 2 * slices
end
key, arg = 1, 2
for _ = 1, tonumber(ARGV[1]) do
  local slices = tonumber(ARGV[arg + 3])
  redis.call('HSET', KEYS[key], 'size', ARGV[arg + 1], 'chunks', ARGV[arg + 2])
  for slice = 1, slices do
    redis.call('SETRANGE', KEYS[key + slice], ARGV[arg + 2 + 2 * slice], ARGV[arg + 3 + 2 * slice])
  end
  key, arg = key + 1 + slices, arg + 4 + 2 * slices
end
return 1`

/** What is behind a size goes. KEYS: head, the chunk it lies in. ARGV: size, offset in the chunk. Chunks behind that are written over. */
export const TRUNCATE = `
redis.call('HSET', KEYS[1], 'size', ARGV[1])
if ARGV[2] == '0' then redis.call('DEL', KEYS[2])
else redis.call('SET', KEYS[2], redis.call('GETRANGE', KEYS[2], 0, tonumber(ARGV[2]) - 1)) end
return 1`
