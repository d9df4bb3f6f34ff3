import { type CursorPlace, type Log, placeCursor } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { append, CUT, findStream, type OpenStore, STOP } from './rig.ts'

const place = (log: Log, epoch: number, seq: number): CursorPlace =>
  placeCursor(log, { streamId: log.streamId, epoch, seq })

/** The log a store hands out. */
export function describeLogs(open: OpenStore): void {
  describe('contract 1, a log', () => {
    test('numbers its events 1, 2, 3 … and gives each back as it was', async () => {
      const { store, begin } = await open()
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
      expect(append(stream, ...events)).toBe(true)
      const { log } = await findStream(store, stream.facts.id)
      expect([log.firstSeq, log.lastSeq, log.committed]).toEqual([1, events.length, events.length])
      for (const [index, event] of events.entries()) {
        const text = typeof event === 'string' ? { type: 'text', text: event } : event
        expect(log.read(index, 1)).toEqual([{ event: text, epoch: 1, seq: index + 1 }])
      }
    })

    test('is read in runs of any length without a gap or a repetition', async () => {
      const { store, begin } = await open()
      const stream = await begin()
      const tokens = Array.from({ length: 700 }, (_, index) => `${index} `)
      append(stream, ...tokens, STOP)
      const { log } = await findStream(store, stream.facts.id)
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
      const { store, begin } = await open()
      const stream = await begin()
      const { log } = await findStream(store, stream.facts.id)
      const reader = { wakeAt: Infinity, bytePosition: 0, woken: 0, wake: () => void reader.woken++ }
      log.attach(reader)
      log.sleep(reader, 1)
      append(stream, 'a')
      expect(reader.woken).toBe(1)
      log.sleep(reader, 2)
      await store.close(stream.facts.id, CUT)
      expect(reader.woken).toBeGreaterThan(1)
      const before = reader.woken
      await store.erase(stream.facts.id)
      expect(reader.woken).toBeGreaterThan(before)
      log.detach(reader)
    })
  })

  describe('contract 2, a cursor', () => {
    test('has its place in a log that runs', async () => {
      const { begin } = await open()
      const stream = await begin()
      expect([place(stream.log, 0, 0), place(stream.log, 1, 0), place(stream.log, 1, 1)]).toEqual([
        'atEnd',
        'atEnd',
        'ahead',
      ])
      append(stream, 'a', 'b')
      const places = [0, 1, 2, 3].map((seq) => place(stream.log, 1, seq))
      expect(places).toEqual(['within', 'within', 'atEnd', 'ahead'])
      expect([place(stream.log, 2, 1), place(stream.log, 2, 2)]).toEqual(['ahead', 'ahead'])
    })

    test('has its place in a log that was closed from outside: what the old epoch claims there is superseded', async () => {
      const { store, begin } = await open()
      const stream = await begin()
      append(stream, 'a', 'b')
      await store.close(stream.facts.id, CUT)
      const { log } = await findStream(store, stream.facts.id)
      expect([place(log, 1, 2), place(log, 1, 3), place(log, 2, 3)]).toEqual(['within', 'superseded', 'atEnd'])
      expect([place(log, 2, 4), place(log, 3, 3)]).toEqual(['ahead', 'ahead'])
    })

    test('is trimmed once what follows it was erased', async () => {
      const { store, begin } = await open()
      const stream = await begin()
      append(stream, 'a', 'b', STOP)
      await store.erase(stream.facts.id)
      expect([0, 1, 2].map((seq) => place(stream.log, 1, seq))).toEqual(['trimmed', 'trimmed', 'trimmed'])
    })
  })

  describe('contract 6, retention of bytes', () => {
    test('trims the head of a log that nobody reads, and keeps the rest in its order', async () => {
      const { store, begin } = await open()
      const retentionBytes = 4096
      const stream = await begin({}, { retentionBytes })
      const { log } = stream
      for (let index = 1; index <= 300; index++) {
        append(stream, `${index} `.padEnd(64, '.'))
        expect(log.bytes).toBeLessThanOrEqual(retentionBytes)
        expect(store.usage().bytes).toBe(log.bytes)
      }
      expect(log.bytes).toBeGreaterThan(retentionBytes / 2)
      expect([place(log, 1, 0), place(log, 1, log.firstSeq - 2)]).toEqual(['trimmed', 'trimmed'])
      expect(place(log, 1, log.firstSeq - 1)).toBe('within')
      for (let seq = log.firstSeq; seq <= 300; seq++) {
        const [entry] = log.read(seq - 1, 1)
        expect(entry).toMatchObject({ seq, event: { type: 'text', text: `${seq} `.padEnd(64, '.') } })
      }
    })
  })
}
