import { check } from '@sluice/testing'
import { until } from '@sluice/testing/patience'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { redisDocuments } from '../../src/bullmq.ts'
import type { DocumentWrite } from '../../src/index.ts'
import { CLAIM, fill, idsOf, LONG_MS, writeOf } from '../documents/suite/rig.ts'
import { freshPrefix } from './rig/documents-driver.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.close())

/** All keys but those of commands that may be repeated. */
async function keysOf(prefix: string): Promise<string[]> {
  const keys = (await server.command('KEYS', `{${prefix}}:*`)) as string[]
  return keys.filter((key) => !key.startsWith(`{${prefix}}:x:`)).toSorted()
}

const KINDS = ['job', 'delivery']
const STATES = ['queued', 'running', 'ended']

test('whatever was written and claimed, of what is forgotten or removed no key is left', async () => {
  const write = fc.record({
    kind: fc.constantFrom(...KINDS),
    id: fc.constantFrom('a', 'b', 'c'),
    scope: fc.constantFrom('', 's', 'a:b'),
    state: fc.constantFrom(...STATES),
    dueInMs: fc.constantFrom(undefined, 0, LONG_MS),
    forgetInMs: fc.constantFrom(1, 3, 20, LONG_MS),
    isClaimed: fc.boolean(),
  })
  const property = fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 12 }), async (steps) => {
    const prefix = freshPrefix()
    const store = redisDocuments({ url: server.url, prefix })
    for (const { kind, id, scope, state, dueInMs, forgetInMs, isClaimed } of steps) {
      const after = (await store.read({ kind, id }))?.version ?? 0
      await store.write([writeOf(id, { kind, scope, state, dueInMs, forgetInMs, after })])
      if (isClaimed) await store.claim({ ...CLAIM, kind, from: [state], limit: 1 })
    }
    const left: DocumentWrite[] = []
    for (const kind of KINDS) {
      for (const id of ['a', 'b', 'c']) {
        const found = await store.read({ kind, id })
        // Half of them in their own time, the others at once.
        if (found && id !== 'a') left.push({ kind, id, after: found.version })
        else if (found) left.push({ ...writeOf(id, { kind, after: found.version, forgetInMs: 1 }) })
      }
    }
    // One may be forgotten in this moment.
    for (const each of left) await store.write([each])
    await new Promise((resolve) => setTimeout(resolve, 25))
    await store.count('job', { state: 'queued' })
    expect(await keysOf(prefix)).toEqual([])
    await store.close()
  })
  await check(property, { numRuns: 100 })
}, 60_000)

test('what was to be forgotten and is written on without that stays', async () => {
  const store = redisDocuments({ url: server.url, prefix: freshPrefix() })
  await fill(store, writeOf('a', { forgetInMs: 200 }), writeOf('a', { after: 1 }))
  await fill(store, writeOf('b', { forgetInMs: 200 }))
  await until(async () => (await store.read({ kind: 'job', id: 'b' })) === undefined, 'another one is forgotten')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(idsOf((await store.list({ kind: 'job', scope: 's', limit: 9 })).documents)).toEqual(['a'])
  await store.close()
})

test('a thousand that are forgotten at once leave nothing, soon', async () => {
  const prefix = freshPrefix()
  const store = redisDocuments({ url: server.url, prefix })
  await store.write(Array.from({ length: 1_000 }, (_, index) => writeOf(`d${index}`, { forgetInMs: 300 })))
  expect(await store.count('job', { state: 'queued' })).toBe(1_000)
  await until(async () => {
    await store.count('job', { state: 'queued' })
    return (await keysOf(prefix)).length === 0
  }, 'no key is left')
  await store.close()
})

test('what Redis has let go of is claimed by nobody, and hides nothing', async () => {
  const prefix = freshPrefix()
  const store = redisDocuments({ url: server.url, prefix })
  await fill(store, writeOf('gone', { priority: 1 }), writeOf('b'), writeOf('later', { dueInMs: 30 }))
  await server.command('DEL', `{${prefix}}:d:job:gone`, `{${prefix}}:d:job:later`)
  expect(await store.read({ kind: 'job', id: 'gone' })).toBeUndefined()
  expect(idsOf((await store.list({ kind: 'job', scope: 's', limit: 9 })).documents)).toEqual(['b'])
  await new Promise((resolve) => setTimeout(resolve, 40))
  expect(idsOf(await store.claim(CLAIM))).toEqual(['b'])
  expect(await store.nextDueInMs('job', ['queued'])).toBeUndefined()
  // One of its name is another one, wherever it was before.
  await fill(store, writeOf('gone', { dueInMs: LONG_MS }))
  expect(await store.claim(CLAIM)).toEqual([])
  expect(await store.nextDueInMs('job', ['queued'])).toBeGreaterThan(0)
  await fill(store, writeOf('again'))
  await server.command('DEL', `{${prefix}}:d:job:again`)
  await fill(store, writeOf('again', { dueInMs: LONG_MS }))
  expect(await store.nextDueInMs('job', ['queued'])).toBeGreaterThan(0)
  expect(await store.count('job', { state: 'queued' })).toBe(2)
  await store.close()
})

test('what is no document is not taken for one', async () => {
  const prefix = freshPrefix()
  const warnings: string[] = []
  const store = redisDocuments({ url: server.url, prefix, onWarning: (message) => void warnings.push(message) })
  await server.command('HSET', `{${prefix}}:d:job:a`, 'h', 'something else')
  await server.command('SET', `{${prefix}}:d:job:b`, 'a text')
  for (const id of ['a', 'b'])
    await expect(store.read({ kind: 'job', id })).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
  await fill(store, writeOf('c'))
  await server.command('HSET', `{${prefix}}:d:job:c`, 'j', '{"cut":')
  await expect(store.read({ kind: 'job', id: 'c' })).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
  expect(warnings.join()).toContain('Redis refuses a command')
  await store.close()
})
