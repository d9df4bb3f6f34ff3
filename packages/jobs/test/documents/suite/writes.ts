import type { Json } from '@sluice/core'
import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import type { DocumentBound, DocumentWrite } from '../../../src/index.ts'
import { type DocumentStoreDriver, fill, LONG_MS, openFor, SHORT_MS, writeOf } from './rig.ts'

/** Long enough for some writes, whatever the machine does. */
const SOON_MS = 1_000
const JOB = { kind: 'job', id: 'a' }
const remove = (id: string, after: number): DocumentWrite => ({ kind: 'job', id, after })

/** What is odd to some stores: how they keep text, numbers and names. */
const VALUES: readonly (readonly [string, Json])[] = [
  ['null', null],
  ['an empty text', ''],
  ['numbers', [0, -1, 1.5, 1e300, 5e-324, Number.MAX_SAFE_INTEGER]],
  ['text of all planes', 'a\0b\u2028\u2029 "\\ é e\u0301 日本 😀'],
  ['half of a pair', 'cut \ud83d here'],
  ['names that objects have', JSON.parse('{"__proto__":{"a":1},"constructor":[],"":true}') as Json],
  ['deep', { a: [{ b: [[{ c: {} }]] }] }],
]

export function describeWrites(driver: DocumentStoreDriver): void {
  test('a document that is written first is there, of version 1, and one more with every write', async () => {
    const { store } = await openFor(driver)
    expect(await store.read(JOB)).toBeUndefined()
    expect(await store.write([writeOf('a', { priority: 3 })])).toEqual({ is: 'ok' })
    const first = await store.read(JOB)
    expect(first).toEqual({
      ...JOB,
      scope: 's',
      state: 'queued',
      priority: 3,
      version: 1,
      lease: 0,
      value: { id: 'a' },
      createdAtMs: expect.any(Number) as number,
    })
    expect(Math.abs(first!.createdAtMs - Date.now())).toBeLessThan(LONG_MS)
    await fill(store, writeOf('a', { after: 1, scope: 't', state: 'ended', value: [2], dueInMs: undefined }))
    expect(await store.read(JOB)).toEqual({ ...first, scope: 't', state: 'ended', priority: 0, version: 2, value: [2] })
  })

  test('a write after another version changes nothing', async () => {
    const { store } = await openFor(driver)
    expect(await store.write([writeOf('a', { after: 1 })])).toEqual({ is: 'conflict' })
    expect(await store.write([remove('a', 1)])).toEqual({ is: 'conflict' })
    await fill(store, writeOf('a'), writeOf('a', { after: 1 }))
    const before = await store.read(JOB)
    for (const after of [0, 1, 3]) {
      expect(await store.write([writeOf('a', { after, value: 'other', state: 'ended' })])).toEqual({ is: 'conflict' })
      expect(await store.write([remove('a', after)])).toEqual({ is: 'conflict' })
    }
    expect(await store.read(JOB)).toEqual(before)
    expect(await store.count('job', { state: 'ended' })).toBe(0)
  })

  test('what is removed is not there, and may be written anew', async () => {
    const { store, passMs } = await openFor(driver)
    await fill(store, writeOf('a'), writeOf('a', { after: 1 }))
    const { createdAtMs } = (await store.read(JOB))!
    await passMs(SHORT_MS)
    expect(await store.write([remove('a', 2)])).toEqual({ is: 'ok' })
    expect(await store.read(JOB)).toBeUndefined()
    expect(await store.count('job', { scope: 's', state: 'queued' })).toBe(0)
    expect(await store.list({ kind: 'job', scope: 's', limit: 9 })).toEqual({ documents: [], more: false })
    expect(await store.nextDueInMs('job', ['queued'])).toBeUndefined()
    await fill(store, writeOf('a'))
    expect(await store.read(JOB)).toMatchObject({ version: 1, lease: 0 })
    expect((await store.read(JOB))!.createdAtMs).toBeGreaterThan(createdAtMs)
    // That it is not there can be asked for, too.
    expect(await store.write([remove('b', 0), writeOf('c')])).toEqual({ is: 'ok' })
    expect(await store.write([remove('a', 0), writeOf('d')])).toEqual({ is: 'conflict' })
    expect(await store.read({ kind: 'job', id: 'd' })).toBeUndefined()
  })

  test('of several writes all are done, or none', async () => {
    const { store } = await openFor(driver)
    await fill(store, writeOf('a'), writeOf('b'))
    const both = [writeOf('a', { after: 1, value: 1 }), writeOf('b', { after: 1, value: 2 }), writeOf('c')]
    expect(await store.write([...both.slice(0, 2), writeOf('c', { after: 7 })])).toEqual({ is: 'conflict' })
    expect(await store.read(JOB)).toMatchObject({ version: 1, value: { id: 'a' } })
    expect(await store.write([...both, { kind: 'delivery', id: 'a', after: 1 }])).toEqual({ is: 'conflict' })
    expect(await store.read({ kind: 'job', id: 'c' })).toBeUndefined()
    expect(await store.write(both)).toEqual({ is: 'ok' })
    expect(await store.read(JOB)).toMatchObject({ version: 2, value: 1 })
    expect(await store.read({ kind: 'job', id: 'b' })).toMatchObject({ version: 2, value: 2 })
    expect(await store.count('job', { state: 'queued' })).toBe(3)
    expect(await store.write([])).toEqual({ is: 'ok' })
  })

  test('a write that would make more than a bound allows is not done, and says which bound', async () => {
    const { store } = await openFor(driver)
    const ofScope: DocumentBound = { kind: 'job', scope: 's', state: 'queued', atMost: 2 }
    const ofAll: DocumentBound = { kind: 'job', state: 'queued', atMost: 3 }
    const write = (...writes: readonly DocumentWrite[]): unknown => store.write(writes, [ofScope, ofAll])
    expect(await write(writeOf('a'), writeOf('b'))).toEqual({ is: 'ok' })
    expect(await write(writeOf('c'))).toEqual({ is: 'full', bound: ofScope })
    expect(await store.read({ kind: 'job', id: 'c' })).toBeUndefined()
    // It counts what there is afterwards: one goes, one comes.
    expect(await write(writeOf('c'), remove('a', 1))).toEqual({ is: 'ok' })
    expect(await write(writeOf('c', { after: 1, state: 'ended' }), writeOf('d'))).toEqual({ is: 'ok' })
    expect(await write(writeOf('e', { scope: 't' }))).toEqual({ is: 'ok' })
    expect(await write(writeOf('f', { scope: 't' }))).toEqual({ is: 'full', bound: ofAll })
    expect(await write(writeOf('f', { scope: 't', state: 'running' }))).toEqual({ is: 'ok' })
    expect(await write(writeOf('f', { scope: 't', kind: 'delivery' }))).toEqual({ is: 'ok' })
    // Versions are compared first.
    expect(await write(writeOf('b'), writeOf('g'))).toEqual({ is: 'conflict' })
    expect(await store.write([], [{ ...ofAll, atMost: 2 }])).toMatchObject({ is: 'full' })
  })

  test('of two who write after the same version, one is told that there was another', async () => {
    const { store, second } = await openFor(driver)
    const stores = [store, (await second?.()) ?? store]
    await fill(store, writeOf('n', { value: 0 }))
    const add = async (index: number): Promise<void> => {
      for (let left = 10; left > 0;) {
        const { version, value } = (await stores[index % 2]!.read({ kind: 'job', id: 'n' }))!
        const next = writeOf('n', { after: version, value: Number(value) + 1 })
        if ((await stores[index % 2]!.write([next])).is === 'ok') left--
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, index) => add(index)))
    expect(await store.read({ kind: 'job', id: 'n' })).toMatchObject({ version: 81, value: 80 })
  })

  test.each(VALUES)('a value is given back as it was: %s', async (_, value) => {
    const { store } = await openFor(driver)
    await fill(store, writeOf('a', { value }))
    expect(JSON.stringify((await store.read(JOB))!.value)).toBe(JSON.stringify(value))
    const [claimed] = await store.claim({ kind: 'job', from: ['queued'], to: 'running', leaseMs: LONG_MS, limit: 1 })
    expect(JSON.stringify(claimed!.value)).toBe(JSON.stringify(value))
  })

  test('a value of a mebibyte is kept, and what the caller does with it later is nothing to the store', async () => {
    const { store } = await openFor(driver)
    const value = { text: '😀é"\\'.repeat(2 ** 17), list: [1] }
    const before = JSON.stringify(value)
    await fill(store, writeOf('a', { value }))
    value.list.push(2)
    const read = (await store.read(JOB))!.value as typeof value
    expect(JSON.stringify(read) === before).toBe(true)
    read.list.push(3)
    expect(JSON.stringify((await store.read(JOB))!.value) === before).toBe(true)
  })

  test('a document is forgotten in its time: it is as if it had never been', async () => {
    const { store, passMs } = await openFor(driver)
    await fill(store, writeOf('a', { forgetInMs: SOON_MS }), writeOf('b', { forgetInMs: SOON_MS }), writeOf('c'))
    await fill(store, writeOf('b', { after: 1, forgetInMs: LONG_MS }))
    await fill(store, writeOf('d', { forgetInMs: LONG_MS }))
    await passMs(SOON_MS + 5)
    expect(await store.read(JOB)).toBeUndefined()
    expect(await store.count('job', { scope: 's', state: 'queued' })).toBe(3)
    expect(await store.count('job', { state: 'queued' })).toBe(3)
    const { documents } = await store.list({ kind: 'job', scope: 's', limit: 9 })
    expect(documents.map(({ id }) => id).toSorted()).toEqual(['b', 'c', 'd'])
    expect(
      await store.claim({ kind: 'job', from: ['queued'], to: 'running', leaseMs: LONG_MS, limit: 9 }),
    ).toHaveLength(3)
    expect(await store.write([writeOf('a', { after: 1 })])).toEqual({ is: 'conflict' })
    expect(await store.write([writeOf('a')])).toEqual({ is: 'ok' })
    expect(await store.read(JOB)).toMatchObject({ version: 1 })
  })

  test('whoever watches a kind is told what was written or removed, until that is ended', async () => {
    const { store, second, passMs } = await openFor(driver)
    const other = (await second?.()) ?? store
    const told: string[] = []
    const others: string[] = []
    const end = store.watch('job', (id) => told.push(id))
    store.watch('delivery', (id) => others.push(id))
    const isTold = (id: string): Promise<unknown> =>
      until(async () => (driver.time === 'virtual' && (await passMs(1)), told.includes(id)), `told of ${id}`)
    /** Writes it until somebody is told: a word is lost on whoever has begun to watch a moment ago. Gives its version. */
    const writtenUntilTold = async (id: string, of: readonly string[]): Promise<number> => {
      let version = 0
      const write = async (): Promise<boolean> => {
        if (of.includes(id)) return true
        await fill(other, writeOf(id, { after: version++ }))
        if (driver.time === 'virtual') await passMs(1)
        return of.includes(id)
      }
      await until(write, `told of ${id}`)
      return version
    }
    const version = await writtenUntilTold('a', told)
    told.length = 0
    await other.write([remove('a', version), writeOf('b')])
    await isTold('a')
    await isTold('b')
    end()
    end()
    told.length = 0
    const later: string[] = []
    store.watch('job', (id) => later.push(id))
    await writtenUntilTold('c', later)
    expect([told, others]).toEqual([[], []])
  })
}
