import { describe, expect, test } from 'vitest'

import { append, createFacts, CUT, findStream, KEEPING, type OpenStore, STOP } from './rig.ts'

/** Begin, find, close, erase, renew. */
export function describeBasics(open: OpenStore): void {
  describe('a stream', () => {
    test('begins empty, in epoch 1, and is found by its id with all its facts', async () => {
      const { store } = await open()
      const facts = createFacts({
        tenant: 'tenant',
        owner: 'öwner',
        key: 'a key, any: key',
        meta: { chat: 'ü', nested: { list: [1, null, '😀'] }, no: false },
        wire: { name: 'openai', facts: { model: 'm', created: 17, includeUsage: true, none: null } },
        idempotency: { key: 'i', fingerprint: 'f' },
      })
      const begun = await store.begin(facts, KEEPING)
      expect(begun).toMatchObject({ is: 'new', stream: { facts } })
      const { log, facts: stored } = await findStream(store, facts.id)
      expect(stored).toEqual(facts)
      expect([log.streamId, log.epoch, log.firstSeq, log.lastSeq, log.end]).toEqual([facts.id, 1, 1, 0, undefined])
    })

    test('is unknown before it begins, whatever is asked for', async () => {
      const { store } = await open()
      for (const id of ['nobody', '__proto__', 'constructor', ''])
        expect(await store.find({ id })).toEqual({ is: 'unknown' })
      expect(await store.find({ tenant: '', key: '__proto__' })).toEqual({ is: 'unknown' })
    })

    test('keeps what two logs say apart', async () => {
      const { store, begin } = await open()
      const [one, other] = [await begin(), await begin()]
      append(one, 'one')
      append(other, 'other')
      const texts = [one, other].map(async ({ facts }) => (await findStream(store, facts.id)).log.read(0, 9))
      expect(await Promise.all(texts)).toMatchObject([[{ event: { text: 'one' } }], [{ event: { text: 'other' } }]])
    })

    test('that was erased leaves a tombstone with its end and position, and nothing of what it said', async () => {
      const { store, begin } = await open()
      const stream = await begin({ tenant: 't', owner: 'o', key: 'k' })
      append(stream, 'secret', STOP)
      await store.erase(stream.facts.id)
      expect(await store.find({ id: stream.facts.id })).toEqual({
        is: 'tombstone',
        tombstone: { facts: { id: stream.facts.id, tenant: 't', owner: 'o', key: 'k' }, epoch: 1, seq: 2, end: STOP },
      })
      expect(stream.log.read(2, 9)).toEqual([])
      expect(stream.log.bytes).toBe(0)
    })

    test('can be erased twice, and one that never was can be too', async () => {
      const { store, begin } = await open()
      const { facts } = await begin()
      await store.close(facts.id, CUT)
      await store.erase(facts.id)
      const found = await store.find({ id: facts.id })
      await store.erase(facts.id)
      await store.erase('nobody')
      expect(await store.find({ id: facts.id })).toEqual(found)
      expect(await store.find({ id: 'nobody' })).toEqual({ is: 'unknown' })
    })

    test('that was erased cannot be closed', async () => {
      const { store, begin } = await open()
      const { facts } = await begin()
      await store.close(facts.id, CUT)
      await store.erase(facts.id)
      expect(await store.close(facts.id, STOP)).toBe('missing')
      expect(await store.close('nobody', STOP)).toBe('missing')
    })
  })

  describe('a lease', () => {
    test('contract 5: is renewed while its stream runs, also after it has lapsed with nobody taking over', async () => {
      const { store, begin, pass } = await open()
      const { facts } = await begin({}, { leaseMs: 20 })
      expect(await store.renew([facts.id], 20)).toEqual([])
      await pass(50)
      expect(await store.renew([facts.id], 20)).toEqual([])
    })

    test('is not renewed for streams that ended, were erased or never were; those are named', async () => {
      const { store, begin } = await open()
      const [live, ended, erased] = [await begin(), await begin(), await begin()]
      append(ended, STOP)
      await store.close(erased.facts.id, CUT)
      await store.erase(erased.facts.id)
      const ids = [live.facts.id, ended.facts.id, erased.facts.id, 'nobody']
      expect((await store.renew(ids, 1000)).toSorted()).toEqual(ids.slice(1).toSorted())
      expect(await store.renew([], 1000)).toEqual([])
    })
  })
}
