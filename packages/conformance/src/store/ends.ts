import { describe, expect, test } from 'vitest'

import { append, CUT, findStream, type OpenStore, STOP } from './rig.ts'

/** One end, and who may write it. */
export function describeEnds(open: OpenStore): void {
  describe('contract 3, one end', () => {
    test('a second close is told so, and everyone goes on to see the first end', async () => {
      const { store, begin } = await open()
      const { facts } = await begin()
      expect(await store.close(facts.id, CUT)).toBe('ok')
      expect(await store.close(facts.id, STOP)).toBe('closed')
      const { log } = await findStream(store, facts.id)
      expect(log.end).toEqual(CUT)
      expect(log.read(0, 9)).toEqual([{ event: CUT, epoch: 2, seq: 1 }])
    })

    test('of many closes at once exactly one is done', async () => {
      const { store, begin } = await open()
      const { facts } = await begin()
      const all = await Promise.all(Array.from({ length: 8 }, async () => store.close(facts.id, CUT)))
      expect(all.toSorted()).toEqual([...Array<string>(7).fill('closed'), 'ok'])
    })

    test('a close comes too late for a stream whose producer has ended it', async () => {
      const { store, begin } = await open()
      const stream = await begin()
      append(stream, 'all', STOP)
      expect(await store.close(stream.facts.id, CUT)).toBe('closed')
      const { log } = await findStream(store, stream.facts.id)
      expect([log.end, log.epoch, log.lastSeq]).toEqual([STOP, 1, 2])
    })

    test('nothing follows an end', async () => {
      const { store, begin } = await open()
      const stream = await begin()
      expect(append(stream, 'a', STOP)).toBe(true)
      expect([append(stream, 'b'), append(stream, STOP), append(stream, CUT)]).toEqual([false, false, false])
      expect((await findStream(store, stream.facts.id)).log.lastSeq).toBe(2)
    })
  })

  describe('contract 5, a close from outside', () => {
    test('takes the next position and a new epoch', async () => {
      const { store, begin } = await open()
      const stream = await begin()
      append(stream, 'a', 'b')
      expect(await store.close(stream.facts.id, CUT)).toBe('ok')
      const { log } = await findStream(store, stream.facts.id)
      expect([log.epoch, log.lastSeq, log.epochOf(2), log.epochOf(3)]).toEqual([2, 3, 1, 2])
      expect(log.read(2, 1)).toEqual([{ event: CUT, epoch: 2, seq: 3 }])
    })

    test('fences the producer: it can neither write nor end nor go on holding the stream', async () => {
      const { store, begin } = await open()
      const stream = await begin()
      append(stream, 'a')
      await store.close(stream.facts.id, CUT)
      expect([append(stream, 'late'), append(stream, STOP)]).toEqual([false, false])
      expect(await store.renew([stream.facts.id], 1000)).toEqual([stream.facts.id])
      const { log } = await findStream(store, stream.facts.id)
      expect([log.end, log.lastSeq]).toEqual([CUT, 2])
    })

    test('does not bring an erased stream back, whatever its producer does', async () => {
      const { store, begin } = await open()
      const stream = await begin()
      await store.close(stream.facts.id, CUT)
      await store.erase(stream.facts.id)
      expect(append(stream, 'late')).toBe(false)
      expect((await store.find({ id: stream.facts.id })).is).toBe('tombstone')
      expect(store.usage()).toEqual({ bytes: 0, streams: 0, live: 0 })
    })
  })
}
