import type { ClosedCode, EndEvent } from '@sluice/core'
import { Log, type LogWatcher } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'
import { Reader } from '../../src/reader/reader.ts'

const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }

function createLog(shows: 'appended' | 'stored' = 'stored'): Log {
  const log = new Log('stream', 1, { retentionBytes: 1024 * 1024 })
  log.produce(1, shows, { appended: () => {} })
  for (const word of ['a', 'b', 'c', 'd']) log.append(word)
  log.storedUpTo(2)
  return log
}

function watch(log: Log): string[] {
  const told: string[] = []
  const watcher: LogWatcher = { ended: ({ reason }) => void told.push(reason), lost: (code) => void told.push(code) }
  log.watchers.add(watcher)
  return told
}

describe.each(['storage', 'epoch'] as const)('contract 2, a log that is lost (%s)', (code: ClosedCode) => {
  test('breaks every reader, wherever it is, and wakes those that sleep', () => {
    const log = createLog()
    const readers = [0, 1, 2].map((seq) => new Reader(log, seq))
    let woken = 0
    for (const reader of readers) {
      reader.sleeper = { wake: () => void woken++ }
      reader.attach()
      log.sleep(reader, 9)
    }
    log.lose(code)
    expect(readers.map(({ broken }) => broken)).toEqual([code, code, code])
    expect(woken).toBe(3)
    expect(new Reader(log, 0).broken).toBe(code)
  })

  test('tells its watchers once, whatever follows', () => {
    const log = createLog()
    const told = watch(log)
    log.lose(code)
    log.lose('storage')
    log.lose('epoch')
    log.storedUpTo(4)
    expect(told).toEqual([code])
    expect(log.lost).toBe(code)
  })

  test('contract 5: takes nothing any more, and has no end of its own', () => {
    const log = createLog()
    log.lose(code)
    expect([log.append('late'), log.append(STOP)]).toEqual([false, false])
    expect([log.lastSeq, log.end, log.ending]).toEqual([4, undefined, false])
  })

  test('contract 3: is not lost any more once it has its end', () => {
    const log = createLog()
    const told = watch(log)
    log.append(STOP)
    log.storedUpTo(5)
    log.lose(code)
    expect([told, log.end, log.lost]).toEqual([['stop'], STOP, undefined])
    expect(new Reader(log, 0).broken).toBeUndefined()
  })

  test('contract 3: is lost with the end that its store never got', () => {
    const log = createLog()
    const told = watch(log)
    log.append(STOP)
    log.lose(code)
    expect([told, log.end]).toEqual([[code], undefined])
    expect(new Reader(log, 2)).toMatchObject({ broken: code, finished: false })
  })
})
