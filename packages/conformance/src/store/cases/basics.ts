import type { StreamName } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import { createFacts, CUT, findStream, KEEPING, NOBODY, NOTHING, type OpenStore, STOP } from '../rig/rig.ts'

const idsOf = (names: readonly StreamName[]): string[] => names.map(({ id }) => id).toSorted()

/** Begin, find, close, erase, renew. */
export function describeBasics(open: OpenStore): void {
  describe('a stream', () => {
    test('begins empty, in epoch 1, and is found by its id with all its facts', async () => {
      const { store, other } = await open()
      const facts = createFacts({
        tenant: 'tenant',
        owner: 'öwner',
        key: 'a key, any: key',
        meta: { chat: 'ü', nested: { list: [1, null, '😀'] }, no: false },
        wire: { name: 'openai', facts: { model: 'm', created: 17, includeUsage: true, none: null } },
        idempotency: { key: 'i', fingerprint: 'f' },
        source: { name: 'chat', input: { messages: ['ü', null] } },
      })
      const begun = await store.begin(facts, KEEPING)
      expect(begun).toMatchObject({ is: 'new', stream: { facts } })
      for (const lookUp of ['look', 'read'] as const) {
        const { log, facts: stored } = await findStream(other, facts, lookUp)
        expect(stored).toEqual(facts)
        expect([log.streamId, log.epoch, log.lastSeq, log.end]).toEqual([facts.id, 1, 0, undefined])
      }
      expect((await findStream(other, facts)).log.firstSeq).toBe(1)
    })

    test('is unknown before it begins, whatever is asked for', async () => {
      const { other } = await open()
      for (const id of ['nobody', '__proto__', 'constructor', ''])
        expect(await other.find({ tenant: '', id })).toEqual({ is: 'unknown' })
      expect(await other.find({ tenant: '', key: '__proto__' })).toEqual({ is: 'unknown' })
    })

    test('keeps what two logs say apart', async () => {
      const { other, begin, append } = await open()
      const [one, two] = [await begin(), await begin()]
      await append(one, 'one')
      await append(two, 'two')
      const texts = [one, two].map(async ({ facts }) => (await findStream(other, facts)).log.read(0, 9))
      expect(await Promise.all(texts)).toMatchObject([[{ event: { text: 'one' } }], [{ event: { text: 'two' } }]])
    })

    test('is looked at without its events being needed: position, epoch and end are there', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      await append(stream, 'a', 'b')
      const running = (await findStream(other, stream.facts, 'look')).log
      expect([running.lastSeq, running.committed, running.epochOf(2), running.end]).toEqual([2, 2, 1, undefined])
      await append(stream, STOP)
      const { log } = await findStream(other, stream.facts, 'look')
      expect([log.lastSeq, log.epoch, log.end]).toEqual([3, 1, STOP])
    })

    test('contract 12: belongs to its tenant: to others it is unknown, and they can do nothing to it', async () => {
      const { store, other, begin } = await open()
      const { facts, log } = await begin({ tenant: 't' })
      for (const tenant of ['', 'T', 't:', facts.id]) {
        const stranger = { tenant, id: facts.id }
        expect(await other.find(stranger)).toEqual({ is: 'unknown' })
        expect(await other.close(stranger, CUT)).toEqual({ is: 'missing' })
        await other.erase(stranger)
        expect(idsOf(await store.renew([stranger], 10_000))).toEqual([facts.id])
      }
      expect([log.end, (await findStream(other, facts)).log.end]).toEqual([undefined, undefined])
      await other.close(facts, CUT)
      await other.erase(facts)
      expect(await other.find({ tenant: '', id: facts.id })).toEqual({ is: 'unknown' })
      expect((await other.find(facts)).is).toBe('tombstone')
    })

    test('that was erased leaves a tombstone with its end and position, and nothing of what it said', async () => {
      const { store, other, begin, append, eventually } = await open()
      const stream = await begin({ tenant: 't', owner: 'o', key: 'k' })
      const { log } = await findStream(other, stream.facts)
      const reader = { wakeAt: Infinity, seq: 0, bytePosition: 0, wake: () => {} }
      log.attach(reader)
      await append(stream, 'secret', STOP)
      await eventually(() => expect([log.lastSeq, log.end]).toEqual([2, STOP]))
      await other.erase(stream.facts)
      expect(await other.find(stream.facts)).toEqual({
        is: 'tombstone',
        tombstone: { facts: { id: stream.facts.id, tenant: 't', owner: 'o', key: 'k' }, epoch: 1, seq: 2, end: STOP },
      })
      await eventually(() => expect([log.bytes, log.firstSeq, log.read(2, 9)]).toEqual([0, 3, []]))
      log.detach(reader)
      for (const each of [store, other]) await eventually(() => expect(each.usage()).toEqual(NOTHING))
    })

    test('can be erased twice, and one that never was can be too', async () => {
      const { store, other, begin } = await open()
      const { facts } = await begin()
      await other.close(facts, CUT)
      await other.erase(facts)
      const found = await other.find(facts)
      await other.erase(facts)
      await store.erase(facts)
      await other.erase(NOBODY)
      expect(await other.find(facts)).toEqual(found)
      expect(await store.find(facts)).toEqual(found)
      expect(await other.find(NOBODY)).toEqual({ is: 'unknown' })
    })

    test('that was erased cannot be closed', async () => {
      const { store, other, begin } = await open()
      const { facts } = await begin()
      await other.close(facts, CUT)
      await other.erase(facts)
      for (const each of [store, other]) expect(await each.close(facts, STOP)).toEqual({ is: 'missing' })
      expect(await other.close(NOBODY, STOP)).toEqual({ is: 'missing' })
    })
  })

  describe('a lease', () => {
    test('contract 5: is renewed while its stream runs, also after it has lapsed with nobody taking over', async () => {
      const { store, begin, pass } = await open()
      const { facts } = await begin({}, { leaseMs: 20 })
      expect(await store.renew([facts], 20)).toEqual([])
      await pass(50)
      expect(await store.renew([facts], 20)).toEqual([])
    })

    test('is not renewed for streams that ended, were erased or never were; those are named', async () => {
      const { store, other, begin, append } = await open()
      const [live, ended, closed, erased] = [await begin(), await begin(), await begin(), await begin()]
      await append(ended, STOP)
      await other.close(closed.facts, CUT)
      await other.close(erased.facts, CUT)
      await other.erase(erased.facts)
      const names = [live.facts, ended.facts, closed.facts, erased.facts, NOBODY]
      expect(idsOf(await store.renew(names, 1000))).toEqual(idsOf(names.slice(1)))
      expect(await store.renew([], 1000)).toEqual([])
    })
  })
}
