import { ReplyMeddler, type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { redisDocuments } from '../../../src/bullmq.ts'
import type { DocumentStore } from '../../../src/index.ts'
import { describeModel } from '../../documents/suite/property.ts'
import { CLAIM, fill, idsOf, LONG_MS, writeOf } from '../../documents/suite/rig.ts'
import { freshPrefix, redisDriver } from '../rig/documents-driver.ts'
import { LossyRedis } from '../rig/lossy-redis.ts'

let server: RedisServer
let meddler: ReplyMeddler
let lossy: LossyRedis
beforeAll(async () => {
  server = await startRedisServer()
  meddler = await ReplyMeddler.start(server.port)
  lossy = await LossyRedis.start(server.port, 23)
})
afterAll(async () => {
  await meddler[Symbol.asyncDispose]()
  await lossy[Symbol.asyncDispose]()
  await server.close()
})

interface Case {
  readonly name: string
  /** What is there before. */
  readonly before: (store: DocumentStore) => Promise<unknown>
  readonly act: (store: DocumentStore) => unknown
  readonly answer: unknown
  /** What is there afterwards. */
  readonly after: (store: DocumentStore) => unknown
  readonly found: unknown
}

const A = { kind: 'job', id: 'a' }
const read = (store: DocumentStore): unknown => store.read(A)

const CASES: readonly Case[] = [
  {
    name: 'a first write',
    before: async () => {},
    act: (store) => store.write([writeOf('a')], [{ kind: 'job', state: 'queued', atMost: 1 }]),
    answer: { is: 'ok' },
    after: read,
    found: { version: 1 },
  },
  {
    name: 'a later write',
    before: (store) => fill(store, writeOf('a')),
    act: (store) => store.write([writeOf('a', { after: 1, value: 2 })]),
    answer: { is: 'ok' },
    after: read,
    found: { version: 2, value: 2 },
  },
  {
    name: 'a removal',
    before: (store) => fill(store, writeOf('a')),
    act: (store) => store.write([{ ...A, after: 1 }]),
    answer: { is: 'ok' },
    after: read,
    found: undefined,
  },
  {
    name: 'a claim',
    before: (store) => fill(store, writeOf('a'), writeOf('b')),
    act: async (store) => idsOf(await store.claim({ ...CLAIM, limit: 1 })),
    answer: ['a'],
    after: async (store) => [await store.count('job', { state: 'running' }), await store.renew(A, 1, LONG_MS)],
    found: [1, true],
  },
  {
    name: 'a renewal',
    before: async (store) => (await fill(store, writeOf('a')), store.claim(CLAIM)),
    act: (store) => store.renew(A, 1, LONG_MS),
    answer: true,
    after: read,
    found: { lease: 1 },
  },
  {
    name: 'a list',
    before: (store) => fill(store, writeOf('a')),
    act: async (store) => idsOf((await store.list({ kind: 'job', scope: 's', limit: 1 })).documents),
    answer: ['a'],
    after: read,
    found: { version: 1 },
  },
]

describe.each(CASES)('the reply to $name', ({ before, act, answer, after, found }) => {
  test.each(['is lost with its connection', 'is lost', 'comes twice', 'comes late'])('%s', async (what) => {
    const prefix = freshPrefix()
    const direct = redisDocuments({ url: server.url, prefix })
    const through = redisDocuments({ url: meddler.url, prefix, commandMs: 2_000, onWarning: () => {} })
    try {
      await before(through)
      const meddling = what === 'comes twice' ? 'double' : what === 'comes late' ? 'delay' : 'swallow'
      const done = meddler.meddle(meddling).then(() => what.endsWith('connection') && meddler.cut())
      expect(await act(through)).toEqual(answer)
      await done
      expect(await after(direct)).toEqual(found && expect.objectContaining(found as object))
      // The connection is right again.
      expect(await after(through)).toEqual(found && expect.objectContaining(found as object))
    } finally {
      await Promise.all([direct.close(), through.close()])
    }
  })
})

describe('replies are lost, doubled and late all the time', { timeout: 120_000 }, () => {
  describeModel(redisDriver(() => ({ url: lossy.url, commandMs: 2_000, onWarning: () => {} }), 10))
  test('it did happen', () => {
    expect(lossy.lost).toBeGreaterThan(30)
  })
})
