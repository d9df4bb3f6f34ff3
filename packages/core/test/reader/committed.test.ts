import { expect, test } from 'vitest'

import { Log } from '../../src/log/log.ts'
import { placeCursor } from '../../src/log/cursor-place.ts'
import { Reader } from '../../src/reader/reader.ts'

const STREAM = 'stream'

function logOf(...words: string[]): Log {
  const log = new Log(STREAM, 1, { retentionBytes: 1024 * 1024 })
  for (const word of words) log.append(word)
  return log
}

test('contract 11: in memory, what is appended is committed', () => {
  const log = logOf('a', 'b', 'c')
  expect(log.committed).toBe(3)
  expect(new Reader(log, 0).pending).toBe(3)
})

test('contract 11: a reader is shown nothing that the store has not acknowledged', () => {
  const log = logOf('a', 'b', 'c')
  // As a store leaves it whose answer is still under way.
  log.committed = 2
  expect(log.read(0, 10).map(({ event }) => event)).toEqual([{ type: 'text', text: 'ab' }])
  expect(new Reader(log, 0).pending).toBe(2)
  expect(placeCursor(log, { streamId: STREAM, epoch: log.epoch, seq: 3 })).toBe('ahead')
})
