import type { EndEvent } from '@sluice/core'
import { Log } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'
import { Reader } from '../../src/reader/reader.ts'

const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }

/** A log whose store has the first event of three, and has stopped answering. */
function createLog(): Log {
  const log = new Log('stream', 1, { retentionBytes: 1024 * 1024 })
  log.produce(1, 'stored', { appended: () => {} })
  for (const word of ['a', 'b', 'c']) log.append(word)
  log.storedUpTo(1)
  return log
}

const shownBy = (log: Log): unknown[] =>
  [1, 2, 3, 4, 5]
    .filter((seq) => seq <= log.committed)
    .map((seq) => log.read(seq - 1, 1)[0]!)
    .map(({ seq, withheld }) => (withheld ? `${seq} withheld` : seq))

describe('contract 11, a log that runs ahead of a store that does not answer', () => {
  test('shows what the store does not have, without a position to resume from', () => {
    const log = createLog()
    expect(shownBy(log)).toEqual([1])
    log.runAhead()
    expect([log.committed, log.stored, log.withholds]).toEqual([3, 1, true])
    expect(shownBy(log)).toEqual([1, '2 withheld', '3 withheld'])
    log.append('d')
    expect(shownBy(log)).toEqual([1, '2 withheld', '3 withheld', '4 withheld'])
  })

  test('gives no position to a run of which the store has a part', () => {
    const log = createLog()
    log.runAhead()
    expect(log.read(0, Infinity)).toEqual([{ event: { type: 'text', text: 'abc' }, epoch: 1, seq: 3, withheld: true }])
    expect(log.read(0, 1)).toEqual([{ event: { type: 'text', text: 'a' }, epoch: 1, seq: 1 }])
  })

  test('wakes those who wait for it', () => {
    const log = createLog()
    const reader = new Reader(log, 1)
    let woken = 0
    reader.sleeper = { wake: () => void woken++ }
    reader.attach()
    log.sleep(reader, 2)
    log.runAhead()
    expect([woken, reader.pending]).toEqual([1, 2])
  })

  test('gives positions again once the store has everything, and shows no more than that from then on', () => {
    const log = createLog()
    log.runAhead()
    log.storedUpTo(3)
    log.storeFirstAgain('stored')
    expect([log.withholds, shownBy(log)]).toEqual([false, [1, 2, 3]])
    log.append('d')
    expect(shownBy(log)).toEqual([1, 2, 3])
    log.storedUpTo(4)
    expect(shownBy(log)).toEqual([1, 2, 3, 4])
  })

  test('contract 3: shows its end, too: nobody waits for the store', () => {
    const log = createLog()
    log.append(STOP)
    expect(log.end).toBeUndefined()
    log.runAhead()
    expect([log.end, shownBy(log)]).toEqual([STOP, [1, '2 withheld', '3 withheld', '4 withheld']])
  })

  test('a log that is the record itself has nothing to run ahead of', () => {
    const log = new Log('stream', 1, { retentionBytes: 1024 })
    log.append('a')
    log.runAhead()
    log.storedUpTo(0)
    expect([log.withholds, log.committed, log.stored, shownBy(log)]).toEqual([false, 1, Infinity, [1]])
  })
})
