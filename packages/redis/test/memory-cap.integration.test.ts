import { createSluice, type Sluice } from '@sluice/core'
import { type RedisStore, redisStore } from '@sluice/redis'
import { startRedisServer } from '@sluice/testing/redis'
import { expect, test } from 'vitest'

const KIB = 1024
const MAX_BYTES = 512 * KIB
const AS = { as: { owner: 'ada' } }
const PIECE = 'x'.repeat(1_000)

/** A stream that has said so much, and goes on when it is told to. */
function talking(bytes: number): { source: () => AsyncGenerator<string>; finish: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const source = async function* (): AsyncGenerator<string> {
    for (let said = 0; said < bytes; said += PIECE.length) yield PIECE
    await promise
  }
  return { source, finish: resolve }
}

function open(url: string): { store: RedisStore; sluice: Sluice } {
  const store = redisStore({ url, maxBytes: MAX_BYTES })
  return { store, sluice: createSluice({ store, stream: { onDisconnect: 'continue' } }) }
}

test('contract 6: starts are refused where what runs here takes all that a process may hold, and go on once it has ended', async () => {
  await using redis = await startRedisServer()
  const { store, sluice } = open(redis.url)
  const [first, second] = [talking(300 * KIB), talking(300 * KIB)]
  const one = await sluice.start(first.source, { ...AS, key: 'one' })
  await sluice.start(second.source, { ...AS, key: 'two' })
  await expect.poll(() => store.usage().bytes).toBeGreaterThan(MAX_BYTES)
  await expect(sluice.start(() => ['late'], { ...AS, key: 'late' })).rejects.toMatchObject({
    code: 'SLUICE_ERR_OVERLOADED',
    status: 503,
    retryAfterMs: expect.any(Number) as number,
  })
  // Nothing of it is left behind, and what runs is found all the same.
  expect(await store.find({ tenant: '', key: 'late' })).toEqual({ is: 'unknown' })
  expect((await sluice.start(() => ['again'], { ...AS, key: 'one', ifRunning: 'attach' })).id).toBe(one.id)
  first.finish()
  await expect.poll(() => store.usage().bytes).toBeLessThan(MAX_BYTES)
  await sluice.start(() => ['late'], { ...AS, key: 'late' })
  second.finish()
  await sluice.drain({ withinMs: 0 })
})

test('contract 6: what is read here counts too, and what nobody reads goes first', async () => {
  await using redis = await startRedisServer()
  const producer = createSluice({ store: redisStore(redis.url), stream: { onDisconnect: 'continue' } })
  const { store, sluice } = open(redis.url)
  const ids: string[] = []
  for (let at = 0; at < 3; at++) {
    const { source, finish } = talking(250 * KIB)
    finish()
    const stream = await producer.start(source, AS)
    await stream.ended
    ids.push(stream.id)
  }
  const held = []
  for (const id of ids.slice(0, 2)) {
    const stream = await sluice.attach({ id }, AS)
    expect(store.usage().bytes).toBeLessThan(MAX_BYTES + 300 * KIB)
    // Both are held, and not let go meanwhile: a third would be too much.
    stream.hold()
    held.push(stream)
  }
  expect(store.usage().bytes).toBeGreaterThan(MAX_BYTES)
  await expect(sluice.attach({ id: ids[2]! }, AS)).rejects.toMatchObject({ code: 'SLUICE_ERR_OVERLOADED', status: 503 })
  await expect(sluice.start(() => ['x'], AS)).rejects.toMatchObject({ code: 'SLUICE_ERR_OVERLOADED' })
  for (const stream of held) expect(await stream.text()).toHaveLength(256_000)
  await expect
    .poll(() =>
      sluice.attach({ id: ids[2]! }, AS).then(
        ({ id }) => id,
        () => undefined,
      ),
    )
    .toBe(ids[2])
  await Promise.all([producer, sluice].map((each) => each.drain({ withinMs: 0 })))
})
