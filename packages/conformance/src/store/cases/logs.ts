import { type CursorPlace, type Log, placeCursor } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import { CUT, findStream, type OpenStore, STOP } from '../rig/rig.ts'

const place = (log: Log, epoch: number, seq: number): CursorPlace =>
  placeCursor(log, { streamId: log.streamId, epoch, seq })

/** The log a store hands out. */
export function describeLogs(open: OpenStore): void {
  describe('contract 1, a log', () => {
    test('numbers its events 1, 2, 3 … and gives each back as it was', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      const events = [
        'a',
        'ü 日本 😀\r\n\0',
        { type: 'reasoning', text: 'hm' },
        { type: 'tool', phase: 'args', id: 't1', text: '{"a":' },
        { type: 'data', name: 'progress', data: { step: 1, of: [2, null] } },
        { type: 'usage', usage: { outputTokens: 3 } },
        { type: 'text', text: 'b', choice: 1, extra: { logprobs: [0.5] } },
        STOP,
      ] as const
      expect(await append(stream, ...events)).toBe(true)
      for (const { log } of [stream, await findStream(other, stream.facts)]) {
        expect([log.firstSeq, log.lastSeq, log.committed]).toEqual([1, events.length, events.length])
        for (const [index, event] of events.entries()) {
          const text = typeof event === 'string' ? { type: 'text', text: event } : event
          expect(log.read(index, 1)).toEqual([{ event: text, epoch: 1, seq: index + 1 }])
        }
      }
    })

    test('is read in runs of any length without a gap or a repetition', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      const tokens = Array.from({ length: 700 }, (_, index) => `${index} `)
      await append(stream, ...tokens, STOP)
      const { log } = await findStream(other, stream.facts)
      for (const length of [1, 7, 256, 1000]) {
        let text = ''
        let seq = 0
        while (seq < log.committed) {
          for (const entry of log.read(seq, length)) {
            if (entry.event.type === 'text') text += entry.event.text
            seq = entry.seq
          }
        }
        expect([text, seq]).toEqual([tokens.join(''), 701])
      }
    })

    test('wakes a reader that waits, also for an end written from outside and for an erasure', async () => {
      const { other, begin, append, eventually } = await open()
      const stream = await begin()
      const { log } = await findStream(other, stream.facts)
      const reader = { wakeAt: Infinity, seq: 0, bytePosition: 0, woken: 0, wake: () => void reader.woken++ }
      log.attach(reader)
      log.sleep(reader, 1)
      await append(stream, 'a')
      await eventually(() => expect(reader.woken).toBe(1))
      log.sleep(reader, 2)
      await other.close(stream.facts, CUT)
      await eventually(() => expect([log.end, reader.woken > 1]).toEqual([CUT, true]))
      const before = reader.woken
      await other.erase(stream.facts)
      await eventually(() => expect(reader.woken).toBeGreaterThan(before))
      log.detach(reader)
    })
  })

  describe('contract 11, what is stored', () => {
    test('is what readers are shown: by then it can be found from anywhere', async () => {
      const { store, other, remote, begin, eventually } = await open()
      const { log, facts } = await begin()
      for (const event of ['a', 'b', STOP]) {
        const seq = log.lastSeq + 1
        expect(log.append(event)).toBe(true)
        expect([log.lastSeq, log.committed, log.end]).toEqual(
          remote ? [seq, seq - 1, undefined] : [seq, seq, event === STOP ? STOP : undefined],
        )
        await eventually(() => expect(log.committed).toBe(seq))
        for (const each of [store, other]) expect((await findStream(each, facts)).log.committed).toBe(seq)
      }
      expect(log.end).toEqual(STOP)
    })

    test('may lag behind what readers are shown where that was asked for by name: `write-behind`', async () => {
      const { other, begin, append } = await open()
      const stream = await begin({}, { durability: 'write-behind' })
      for (const event of ['a', 'b']) {
        stream.log.append(event)
        expect(stream.log.committed).toBe(stream.log.lastSeq)
      }
      expect(await append(stream, STOP)).toBe(true)
      const { log } = await findStream(other, stream.facts)
      expect([log.committed, log.end]).toEqual([3, STOP])
    })
  })

  describe('contract 2, a cursor', () => {
    test('has its place in a log that runs', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      for (const { log } of [stream, await findStream(other, stream.facts)])
        expect([place(log, 0, 0), place(log, 1, 0), place(log, 1, 1)]).toEqual(['atEnd', 'atEnd', 'ahead'])
      await append(stream, 'a', 'b')
      for (const { log } of [stream, await findStream(other, stream.facts)]) {
        const places = [0, 1, 2, 3].map((seq) => place(log, 1, seq))
        expect(places).toEqual(['within', 'within', 'atEnd', 'ahead'])
        expect([place(log, 2, 1), place(log, 2, 2)]).toEqual(['ahead', 'ahead'])
      }
    })

    test('has its place in a log that was closed from outside: what the old epoch claims there is superseded', async () => {
      const { store, other, begin, append, eventually } = await open()
      const stream = await begin()
      await append(stream, 'a', 'b')
      await other.close(stream.facts, CUT)
      await eventually(() => expect(stream.log.end).toEqual(CUT))
      for (const { log } of [stream, await findStream(store, stream.facts), await findStream(other, stream.facts)]) {
        expect([place(log, 1, 2), place(log, 1, 3), place(log, 2, 3)]).toEqual(['within', 'superseded', 'atEnd'])
        expect([place(log, 2, 4), place(log, 3, 3)]).toEqual(['ahead', 'ahead'])
      }
    })

    test('is trimmed once what follows it was erased', async () => {
      const { other, begin, append, eventually } = await open()
      const stream = await begin()
      await append(stream, 'a', 'b', STOP)
      const { log } = await findStream(other, stream.facts)
      const reader = { wakeAt: Infinity, seq: 0, bytePosition: 0, wake: () => {} }
      log.attach(reader)
      await other.erase(stream.facts)
      await eventually(() =>
        expect([0, 1, 2].map((seq) => place(log, 1, seq))).toEqual(['trimmed', 'trimmed', 'trimmed']),
      )
      log.detach(reader)
    })
  })

  describe('contract 6, retention of bytes', () => {
    test('trims the head of a log that nobody reads, and keeps the rest in its order', async () => {
      const { store, other, remote, begin, append } = await open()
      const retentionBytes = 4096
      const stream = await begin({}, { retentionBytes, windowBytes: retentionBytes / 2 })
      for (let index = 1; index <= 300; index++) {
        expect(await append(stream, `${index} `.padEnd(64, '.'))).toBe(true)
        expect(stream.log.bytes).toBeLessThanOrEqual(retentionBytes)
        expect(store.usage().bytes).toBeGreaterThanOrEqual(stream.log.bytes)
      }
      for (const { log } of [stream, await findStream(other, stream.facts)]) {
        // A store somewhere else may give up only as a whole what it wrote at once: but what is gone is gone everywhere.
        expect(log.bytes).toBeLessThanOrEqual(remote && log !== stream.log ? 2 * retentionBytes : retentionBytes)
        expect(log.firstSeq).toBeGreaterThan(1)
        expect(log.firstSeq).toBe(stream.log.firstSeq)
        expect(log.bytes).toBeGreaterThan(retentionBytes / 2)
        expect([place(log, 1, 0), place(log, 1, log.firstSeq - 2)]).toEqual(['trimmed', 'trimmed'])
        expect(place(log, 1, log.firstSeq - 1)).toBe('within')
        expect([log.lastSeq, log.committed]).toEqual([300, 300])
        for (let seq = log.firstSeq; seq <= 300; seq++) {
          const [entry] = log.read(seq - 1, 1)
          expect(entry).toMatchObject({ seq, event: { type: 'text', text: `${seq} `.padEnd(64, '.') } })
        }
      }
    })
  })
}
