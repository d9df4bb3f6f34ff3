import { expect, test } from 'vitest'

import { scopeOf, type StoredDocument } from '../../../src/index.ts'
import { CLAIM, type DocumentStoreDriver, fill, idsOf, LONG_MS, openFor, writeOf } from './rig.ts'

/** Scopes that must not be taken for one another, and ids that some stores have a use of their own for. */
const SCOPES = [
  '',
  's',
  'S',
  ' s',
  's\0',
  's\0a',
  'é',
  'e\u0301',
  '😀',
  '\ud83d',
  '\ud83c',
  '\ufffd',
  '*',
  '%',
  '_',
  's:t',
  '{s}',
  "'; DROP TABLE documents; --",
  '"s"',
  'x'.repeat(2_000),
  scopeOf({ tenant: 't', owner: 'o' }),
]
const IDS = ['__proto__', 'constructor', '-', '_', '0', '007', 'A', 'a', 'x'.repeat(128)]

export function describePlaces(driver: DocumentStoreDriver): void {
  test('no scope is taken for another one, whatever it is called', async () => {
    const { store } = await openFor(driver)
    for (const [index, scope] of SCOPES.entries())
      for (let count = 0; count <= index % 3; count++) await fill(store, writeOf(`d${index}-${count}`, { scope }))
    for (const [index, scope] of SCOPES.entries()) {
      const { documents, more } = await store.list({ kind: 'job', scope, limit: 9 })
      expect([scope, documents.length, more]).toEqual([scope, (index % 3) + 1, false])
      for (const document of documents) expect(document.scope).toBe(scope)
      expect(await store.count('job', { scope, state: 'queued' })).toBe((index % 3) + 1)
    }
    const claimed = await store.claim({ ...CLAIM, perScope: 1 })
    expect(claimed.map(({ scope }) => scope).toSorted()).toEqual(SCOPES.toSorted())
    expect(await store.claim({ ...CLAIM, perScope: 1 })).toEqual([])
  })

  test('no id is taken for another one, and no kind', async () => {
    const { store } = await openFor(driver)
    for (const kind of ['job', 'job-', 'j'])
      for (const id of IDS) await fill(store, writeOf(id, { kind, value: [kind, id] }))
    for (const kind of ['job', 'job-', 'j']) {
      for (const id of IDS) expect((await store.read({ kind, id }))!.value).toEqual([kind, id])
      expect(await store.count(kind, { scope: 's', state: 'queued' })).toBe(IDS.length)
    }
    expect(idsOf(await store.claim({ ...CLAIM, kind: 'j' })).toSorted()).toEqual(IDS.toSorted())
    expect(await store.count('job', { state: 'running' })).toBe(0)
  })

  test('lists are newest first, page by page, and each document is on one page', async () => {
    const { store, passMs } = await openFor(driver)
    for (let index = 0; index < 25; index++) {
      await fill(store, writeOf(`n${(index * 7) % 25}`, { state: index % 2 === 0 ? 'queued' : 'ended' }))
      await fill(store, writeOf(`o${index}`, { scope: 'other' }))
      if (index % 4 === 3) await passMs(2)
    }
    const whole = (await store.list({ kind: 'job', scope: 's', limit: 25 })).documents
    expect(whole).toHaveLength(25)
    expect(whole).toEqual(whole.toSorted(newestFirst))
    for (const limit of [1, 4, 24]) {
      const pages: string[][] = []
      let after: string | undefined
      for (let more = true; more;) {
        const page = await store.list({ kind: 'job', scope: 's', limit, after })
        pages.push(idsOf(page.documents))
        more = page.more
        after = pages.at(-1)!.at(-1)
      }
      expect(pages.flat()).toEqual(idsOf(whole))
      expect(pages).toHaveLength(Math.ceil(25 / limit))
    }
    const ended = await store.list({ kind: 'job', scope: 's', state: 'ended', limit: 12 })
    expect(idsOf(ended.documents)).toEqual(idsOf(whole.filter(({ state }) => state === 'ended')))
    expect(ended.more).toBe(false)
    expect((await store.list({ kind: 'job', scope: 's', state: 'ended', limit: 11 })).more).toBe(true)
  })

  test('a page goes on after a document whose state is another one by now; after one that is gone it begins anew', async () => {
    const { store, passMs } = await openFor(driver)
    for (const id of ['a', 'b', 'c', 'd']) {
      await fill(store, writeOf(id))
      await passMs(2)
    }
    await fill(store, writeOf('b', { after: 1, state: 'ended' }), writeOf('e', { scope: 'other' }))
    const list = async (after: string): Promise<string[]> =>
      idsOf((await store.list({ kind: 'job', scope: 's', state: 'queued', after, limit: 9 })).documents)
    expect(await list('c')).toEqual(['a'])
    expect(await list('b')).toEqual(['a'])
    expect(await list('a')).toEqual([])
    for (const unknown of ['e', 'nobody', '', 'not an id: \0']) expect(await list(unknown)).toEqual(['d', 'c', 'a'])
    await store.write([{ kind: 'job', id: 'c', after: 1 }])
    expect(await list('c')).toEqual(['d', 'a'])
  })

  test('counts are of a state, in one scope or in all, and follow every change', async () => {
    const { store } = await openFor(driver)
    const counts = async (): Promise<number[]> => {
      const asked = [
        { state: 'queued' },
        { state: 'queued', scope: 's' },
        { state: 'queued', scope: 't' },
        { state: 'running' },
        { state: 'running', scope: 's' },
      ]
      return Promise.all(asked.map(async (options) => store.count('job', options)))
    }
    expect(await counts()).toEqual([0, 0, 0, 0, 0])
    await fill(store, writeOf('a'), writeOf('b'), writeOf('c', { scope: 't' }), writeOf('a', { kind: 'other' }))
    expect(await counts()).toEqual([3, 2, 1, 0, 0])
    await store.claim({ ...CLAIM, id: 'a' })
    expect(await counts()).toEqual([2, 1, 1, 1, 1])
    await fill(store, writeOf('b', { after: 1, scope: 't', dueInMs: LONG_MS }))
    expect(await counts()).toEqual([2, 0, 2, 1, 1])
    await store.write([{ kind: 'job', id: 'b', after: 2 }])
    expect(await counts()).toEqual([1, 0, 1, 1, 1])
  })
}

function newestFirst(one: StoredDocument, other: StoredDocument): number {
  return other.createdAtMs - one.createdAtMs || (other.id < one.id ? -1 : 1)
}
