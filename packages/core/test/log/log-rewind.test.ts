import type { EndEvent } from '@sluice/core'
import { eventBytes, Log, type Logged } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'
import { Reader } from '../../src/reader/reader.ts'

const MIB = 1024 * 1024
const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }
const USAGE: Logged = { type: 'usage', usage: { outputTokens: 7 } }

/** A log behind a store; `shows: 'appended'` runs ahead of it. */
function createLog(shows: 'appended' | 'stored', ...events: Logged[]): Log {
  const log = new Log('stream', 1, { retentionBytes: MIB })
  log.produce(1, shows, { appended: () => {} })
  for (const event of events) log.append(event)
  return log
}

const textsOf = (log: Log): unknown[] =>
  Array.from({ length: log.committed }, (_, index) => log.read(index, 1)[0]!.event).map((event) =>
    event.type === 'text' ? event.text : event.type,
  )

describe('contract 1, what is left of a log that went back', () => {
  test.each([
    ['long tokens', ['y'.repeat(700), 'x'.repeat(600)]],
    ['one long token', ['y'.repeat(700)]],
    ['tokens that were packed with their segment', Array.from({ length: 256 }, (_, index) => `${index} `)],
    ['tokens that were packed in UTF-8', Array.from({ length: 256 }, (_, index) => `${index} `.padEnd(50, 'ü'))],
  ])('is not written over by what comes after: %s', (_, kept) => {
    const log = createLog('stored', ...kept, USAGE, 'refused')
    log.rewind(kept.length)
    log.append('later')
    log.append('y'.repeat(600))
    log.storedUpTo(kept.length + 2)
    expect(textsOf(log)).toEqual([...kept, 'later', 'y'.repeat(600)])
  })

  test('holds every position in it, at any place where it was cut', () => {
    const events = Array.from({ length: 600 }, (_, index) => (index % 100 === 99 ? USAGE : `${index} `))
    for (const seq of [0, 1, 99, 100, 101, 255, 256, 257, 511, 512, 513, 599]) {
      const log = createLog('stored', ...events)
      log.rewind(seq)
      log.append('later')
      log.storedUpTo(seq + 1)
      const texts = events.slice(0, seq).map((event) => (typeof event === 'string' ? event : event.type))
      expect(textsOf(log)).toEqual([...texts, 'later'])
    }
  })
})

describe('contract 8, what a log counts', () => {
  test('is what was said before its head was trimmed, too', () => {
    const log = new Log('stream', 1, { retentionBytes: 1024 })
    log.produce(1, 'stored', { appended: () => {} })
    log.append(USAGE)
    log.append({ type: 'finish', reason: 'length' })
    for (let index = 0; index < 100; index++) log.append('x'.repeat(60))
    log.storedUpTo(102)
    expect(log.firstSeq).toBeGreaterThan(3)
    log.append({ type: 'usage', usage: { outputTokens: 9 } })
    log.append({ type: 'finish', reason: 'stop' })
    log.rewind(102)
    expect([log.usage, log.finishReason, log.tokens]).toEqual([{ outputTokens: 7 }, 'length', 100])
  })

  test('is what was known of the time before a log that began late, too', () => {
    const from = { seq: 5, epoch: 1, usage: { outputTokens: 7 } }
    const log = new Log('stream', 2, { retentionBytes: 1024, from })
    log.produce(2, 'stored', { appended: () => {} })
    log.append({ type: 'usage', usage: { outputTokens: 9 } })
    log.rewind(5)
    expect(log.usage).toEqual({ outputTokens: 7 })
  })
})

describe('contract 2, a reader that has seen what was taken back', () => {
  test('is broken: storage; one that has not reads on', () => {
    const log = createLog('appended', 'a', 'b', 'c', 'd')
    const readers = [0, 1, 2, 3, 4].map((seq) => new Reader(log, seq))
    for (const reader of readers) reader.attach()
    log.rewind(2)
    const storage = ['storage', 'storage']
    expect(readers.map(({ broken }) => broken)).toEqual([undefined, undefined, undefined, ...storage])
    expect(readers.map(({ pending }) => pending)).toEqual([2, 1, 0, 0, 0])
    log.append('e')
    expect(readers[2]!.take(9, Infinity)).toEqual([{ event: { type: 'text', text: 'e' }, epoch: 1, seq: 3 }])
  })

  test('is told, also if it sleeps', () => {
    const log = createLog('appended', 'a', 'b')
    const reader = new Reader(log, 2)
    let woken = 0
    reader.sleeper = { wake: () => void woken++ }
    reader.attach()
    log.sleep(reader, 3)
    log.rewind(1)
    expect([woken, reader.broken]).toEqual([1, 'storage'])
  })

  test.each([1, 2, 5])('stays broken when the log has %i events again that it has not seen', (later) => {
    const log = createLog('appended', 'a', 'b', 'c')
    const reader = new Reader(log, 3)
    reader.attach()
    log.rewind(1)
    for (let index = 0; index < later; index++) log.append(`other ${index}`)
    expect([reader.broken, reader.finished]).toEqual(['storage', false])
  })

  test('stays broken when the end of another takes the place of what it has seen: it never passes for finished', () => {
    const log = createLog('appended', 'a', 'b')
    const reader = new Reader(log, 2)
    reader.attach()
    log.rewind(1)
    log.epoch++
    log.append(CUT)
    log.storedUpTo(2)
    expect([log.end, log.lastSeq]).toEqual([CUT, 2])
    expect(reader.broken).toBe('storage')
  })
})

describe('contract 3, a store that lost what it had acknowledged', () => {
  test('takes the log back with it: what was shown is shown no more', () => {
    const log = createLog('stored', 'a', 'b', 'c')
    log.storedUpTo(3)
    const [behind, ahead] = [new Reader(log, 1), new Reader(log, 3)]
    for (const reader of [behind, ahead]) reader.attach()
    log.rewind(2)
    expect([log.committed, log.stored, log.lastSeq]).toEqual([2, 2, 2])
    expect([behind.broken, behind.pending, ahead.broken]).toEqual([undefined, 1, 'storage'])
  })

  test('contract 7: counts in bytes what it has left', () => {
    const log = createLog('stored', 'a', 'b', 'c')
    log.storedUpTo(3)
    log.rewind(1)
    expect([log.totalBytes, log.storedBytes, log.committedBytes]).toEqual(Array(3).fill(eventBytes('a')))
    log.append('d')
    expect(log.totalBytes - log.storedBytes).toBe(eventBytes('d'))
  })

  test('contract 7: the window is measured from a reader that is still there, not from one that was told to go', () => {
    const log = createLog('appended', 'a', 'b', 'c')
    const [behind, ahead] = [new Reader(log, 0), new Reader(log, 3)]
    for (const reader of [behind, ahead]) reader.attach()
    log.rewind(1)
    ahead.detach()
    expect(log.furthestBytes).toBe(0)
    behind.detach()
    log.append('b')
    expect(log.totalBytes - log.furthestBytes).toBeGreaterThanOrEqual(0)
  })
})
