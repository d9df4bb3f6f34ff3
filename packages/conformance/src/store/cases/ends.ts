import type { Closing } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import { CUT, findStream, NOTHING, type OpenStore, STOP } from '../rig/rig.ts'

/** One end, and who may write it. */
export function describeEnds(open: OpenStore): void {
  describe('contract 3, one end', () => {
    test('a second close is told so, and everyone goes on to see the first end', async () => {
      const { store, other, begin } = await open()
      const { facts } = await begin()
      const closing = { is: 'closed', end: CUT, epoch: 2, seq: 1 }
      expect(await other.close(facts, CUT)).toEqual({ ...closing, first: true })
      expect(await other.close(facts, STOP)).toEqual({ ...closing, first: false })
      expect(await store.close(facts, STOP)).toEqual({ ...closing, first: false })
      const { log } = await findStream(other, facts)
      expect(log.end).toEqual(CUT)
      expect(log.read(0, 9)).toEqual([{ event: CUT, epoch: 2, seq: 1 }])
    })

    test('of many closes at once exactly one is done, and all are told of the same end', async () => {
      const { store, other, begin } = await open()
      const { facts } = await begin()
      const closes = Array.from({ length: 8 }, async (_, index) =>
        (index % 2 === 0 ? store : other).close(facts, { ...CUT, usage: { outputTokens: index } }),
      )
      const all = await Promise.all(closes)
      const { log } = await findStream(other, facts)
      const closing = (first: boolean): Closing => ({ is: 'closed', first, end: log.end!, epoch: 2, seq: 1 })
      const winner = all.findIndex((each) => each.is === 'closed' && each.first)
      expect(all).toEqual(all.map((_, index) => closing(index === winner)))
      expect(log.end).toEqual({ ...CUT, usage: { outputTokens: winner } })
    })

    test('a close comes too late for a stream whose producer has ended it', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      await append(stream, 'all', STOP)
      expect(await other.close(stream.facts, CUT)).toEqual({ is: 'closed', first: false, end: STOP, epoch: 1, seq: 2 })
      const { log } = await findStream(other, stream.facts)
      expect([log.end, log.epoch, log.lastSeq]).toEqual([STOP, 1, 2])
    })

    test('nothing follows an end', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      expect(await append(stream, 'a', STOP)).toBe(true)
      for (const event of ['b', STOP, CUT]) expect(await append(stream, event)).toBe(false)
      expect((await findStream(other, stream.facts)).log.lastSeq).toBe(2)
    })

    test('nothing follows an end that is still under way to the store', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      const ending = append(stream, 'a', STOP)
      for (const event of ['b', STOP, CUT]) expect(stream.log.append(event)).toBe(false)
      expect(await ending).toBe(true)
      expect([stream.log.end, stream.log.lastSeq]).toEqual([STOP, 2])
      expect((await findStream(other, stream.facts)).log.lastSeq).toBe(2)
    })
  })

  describe('contract 5, a close from outside', () => {
    test('takes the next position and a new epoch', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      await append(stream, 'a', 'b')
      expect(await other.close(stream.facts, CUT)).toEqual({ is: 'closed', first: true, end: CUT, epoch: 2, seq: 3 })
      const { log } = await findStream(other, stream.facts)
      expect([log.epoch, log.lastSeq, log.epochOf(2), log.epochOf(3)]).toEqual([2, 3, 1, 2])
      expect(log.read(2, 1)).toEqual([{ event: CUT, epoch: 2, seq: 3 }])
    })

    test('fences the producer: it can neither write nor end nor go on holding the stream', async () => {
      const { store, other, begin, append } = await open()
      const stream = await begin()
      await append(stream, 'a')
      await other.close(stream.facts, CUT)
      expect([await append(stream, 'late'), await append(stream, STOP)]).toEqual([false, false])
      expect(await store.renew([stream.facts], 1000)).toMatchObject([{ id: stream.facts.id }])
      const { log } = await findStream(other, stream.facts)
      expect([log.end, log.lastSeq]).toEqual([CUT, 2])
    })

    test('contract 8: ends the log of the producer with that very end, once, and takes back what is not stored', async () => {
      const { store, other, begin, append, eventually } = await open()
      const stream = await begin()
      const { log } = stream
      const told: unknown[] = []
      log.watchers.add({ ended: (end) => void told.push(end), lost: (code) => void told.push(code) })
      await append(stream, 'a')
      await other.close(stream.facts, CUT)
      await append(stream, 'late')
      await eventually(() => expect(log.end).toEqual(CUT))
      expect([log.epoch, log.lastSeq, log.committed, log.lost]).toEqual([2, 2, 2, undefined])
      expect([log.read(0, 1), log.read(1, 9)]).toEqual([
        [{ event: { type: 'text', text: 'a' }, epoch: 1, seq: 1 }],
        [{ event: CUT, epoch: 2, seq: 2 }],
      ])
      expect(told).toEqual([CUT])
      expect((await findStream(store, stream.facts)).log.end).toEqual(CUT)
    })

    test('that is only for an epoch which does not stand is none: a producer never ends what another has', async () => {
      const { store, other, begin } = await open()
      const { facts, log } = await begin()
      for (const each of [store, other]) {
        expect(await each.close(facts, CUT, { epoch: 2 })).toEqual({ is: 'missing' })
        expect((await findStream(each, facts)).log.end).toBeUndefined()
      }
      const closing = { is: 'closed', end: CUT, epoch: 2, seq: 1 }
      expect(await store.close(facts, CUT, { epoch: log.epoch })).toEqual({ ...closing, first: true })
      for (const epoch of [1, 2, 3]) {
        expect(await other.close(facts, STOP, { epoch })).toEqual({ ...closing, first: false })
      }
    })

    test('does not bring an erased stream back, whatever its producer does', async () => {
      const { store, other, begin, append, eventually } = await open()
      const stream = await begin()
      await other.close(stream.facts, CUT)
      await other.erase(stream.facts)
      expect(await append(stream, 'late')).toBe(false)
      for (const each of [store, other]) {
        expect((await each.find(stream.facts)).is).toBe('tombstone')
        await eventually(() => expect(each.usage()).toEqual(NOTHING))
      }
    })
  })
}
