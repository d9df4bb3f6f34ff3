import { createSluice, type Sluice } from '@sluice/core'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { heldBy } from '../../core/test/rig/heap.ts'
import { redisStore } from '../src/index.ts'

/** Contract 6: what is held beside text is charged within a quarter, to either side. */
const FIXED = 0.25
const STREAMS = 1_000
const ADA = { owner: 'ada' } as const

let server: RedisServer
beforeAll(async () => (server = await startRedisServer()))
afterAll(() => server.close())

function open(prefix: string) {
  const store = redisStore({ url: server.url, prefix, maxBytes: 2 ** 32, onWarning: () => {} })
  const sluice = createSluice({
    store,
    limits: { streams: 10 * STREAMS, streamsPerOwner: 10 * STREAMS, startsPerSecond: 1e6, startBurst: 1e6 },
    stream: { onDisconnect: 'continue', deadlines: { firstTokenMs: false, idleMs: false } },
    reader: { heartbeatMs: false, stallMs: false },
  })
  return { store, sluice }
}

async function startStreams(sluice: Sluice): Promise<string[]> {
  const ids: string[] = []
  for (let index = 0; index < STREAMS; index++) {
    const stream = await sluice.start(
      async function* ({ signal }) {
        yield 'word'
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      },
      { as: ADA },
    )
    ids.push(stream.id)
  }
  return ids
}

test('contract 6: a stream that runs here, and is kept in Redis, is charged what it takes', async () => {
  const { store, sluice } = open('produced')
  let before = 0
  const { bytes } = await heldBy(async () => {
    before = store.usage().bytes
    await startStreams(sluice)
  })
  const ratio = bytes / (store.usage().bytes - before)
  expect(ratio).toBeGreaterThan(1 - FIXED)
  expect(ratio).toBeLessThan(1 + FIXED)
  await sluice.drain({ withinMs: 0 })
  await store.dispose()
})
