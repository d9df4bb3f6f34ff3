import { eventBytes, Log } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'
import { Reader } from '../../src/reader/reader.ts'

const TOKEN = 'x'.repeat(68)
const BYTES = eventBytes(TOKEN)

function createLog(retentionBytes = 1024 * 1024): { log: Log; told: string[] } {
  const log = new Log('stream', 1, { retentionBytes })
  const told: string[] = []
  log.watchers.add({
    readersChanged: () => void told.push(`readers ${log.readers.size}+${log.remoteReaders}`),
    furthestMoved: () => void told.push(`furthest ${log.furthestBytes / BYTES}`),
  })
  return { log, told }
}

function fill(log: Log, count: number): void {
  for (let index = 0; index < count; index++) log.append(TOKEN)
}

describe('readers in other processes', () => {
  test('contract 9: count as readers; watchers are told when their number changes, and only then', () => {
    const { log, told } = createLog()
    expect(log.attended).toBe(false)
    log.readElsewhere(2, 0)
    log.readElsewhere(2, 0)
    expect([log.attended, log.remoteReaders, told]).toEqual([true, 2, ['readers 0+2']])
    log.readElsewhere(1, 0)
    log.readElsewhere(0, 0)
    expect([log.attended, log.remoteReaders, told.slice(1)]).toEqual([false, 0, ['readers 0+1', 'readers 0+0']])
  })

  test('contract 9: count beside those of this process', () => {
    const { log, told } = createLog()
    const reader = new Reader(log, 0)
    reader.attach()
    log.readElsewhere(1, 0)
    reader.detach()
    expect([log.attended, told]).toEqual([true, ['readers 1+0', 'readers 1+1', 'readers 0+1']])
    log.readElsewhere(0, 0)
    expect(log.attended).toBe(false)
  })

  test('contract 7: the furthest of all is who the window is measured from, wherever it reads', () => {
    const { log, told } = createLog()
    fill(log, 10)
    const reader = new Reader(log, 0)
    reader.attach()
    log.readElsewhere(1, 4)
    expect(log.furthestBytes).toBe(4 * BYTES)
    reader.take(6, Infinity)
    expect(log.furthestBytes).toBe(6 * BYTES)
    log.readElsewhere(1, 5)
    expect(log.furthestBytes).toBe(6 * BYTES)
    log.readElsewhere(1, 9)
    expect(log.furthestBytes).toBe(9 * BYTES)
    expect(told).toEqual(['readers 1+0', 'furthest 4', 'readers 1+1', 'furthest 6', 'furthest 9'])
  })

  test('contract 7: when the furthest leaves, it is measured from those that stay', () => {
    const { log } = createLog()
    fill(log, 10)
    const reader = new Reader(log, 2)
    reader.attach()
    log.readElsewhere(3, 9)
    log.readElsewhere(2, 5)
    expect(log.furthestBytes).toBe(5 * BYTES)
    log.readElsewhere(0, 5)
    expect(log.furthestBytes).toBe(2 * BYTES)
    log.readElsewhere(1, 7)
    reader.detach()
    expect(log.furthestBytes).toBe(7 * BYTES)
  })

  test('contract 7: whoever comes back alone, further behind, is who it is measured from, and every move is told', () => {
    const { log, told } = createLog()
    fill(log, 10)
    const before = new Reader(log, 8)
    before.attach()
    before.detach()
    const again = new Reader(log, 2)
    again.attach()
    expect(log.furthestBytes).toBe(2 * BYTES)
    told.length = 0
    again.take(3, Infinity)
    again.take(5, Infinity)
    expect([log.furthestBytes, told]).toEqual([10 * BYTES, ['furthest 5', 'furthest 10']])
  })

  test('contract 7: the same of one elsewhere whose going and coming was one message', () => {
    const { log, told } = createLog()
    fill(log, 10)
    log.readElsewhere(1, 8)
    log.readElsewhere(1, 2)
    expect(log.furthestBytes).toBe(2 * BYTES)
    told.length = 0
    log.readElsewhere(1, 5)
    expect([log.furthestBytes, told]).toEqual([5 * BYTES, ['furthest 5']])
  })

  test('contract 6: what one that came back alone has not read is not trimmed', () => {
    const { log } = createLog(32 * BYTES)
    const before = new Reader(log, 0)
    before.attach()
    fill(log, 30)
    before.take(30, Infinity)
    before.detach()
    const again = new Reader(log, 2)
    again.attach()
    fill(log, 34)
    expect(log.firstSeq).toBeLessThanOrEqual(3)
    again.take(64, Infinity)
    fill(log, 1)
    expect(log.bytes).toBeLessThanOrEqual(32 * BYTES)
  })

  test('contract 6: what the furthest of them has not read is not trimmed', () => {
    const { log } = createLog(32 * BYTES)
    log.readElsewhere(1, 0)
    fill(log, 64)
    expect([log.firstSeq, log.bytes]).toEqual([1, 64 * BYTES])
    log.readElsewhere(1, 40)
    fill(log, 1)
    expect(log.firstSeq).toBeGreaterThan(1)
    expect(log.firstSeq).toBeLessThanOrEqual(41)
    log.readElsewhere(1, 65)
    fill(log, 1)
    expect(log.bytes).toBeLessThanOrEqual(32 * BYTES)
  })

  test('a position that this log does not have any more, or not yet, is taken for the nearest it has', () => {
    const { log } = createLog(16 * BYTES)
    fill(log, 64)
    const { firstSeq } = log
    expect(firstSeq).toBeGreaterThan(1)
    log.readElsewhere(1, 1)
    expect(log.furthestBytes).toBe((firstSeq - 1) * BYTES)
    log.readElsewhere(1, 1000)
    expect(log.furthestBytes).toBe(64 * BYTES)
  })

  test('contract 9: are still there when the log begins to be produced here', () => {
    const { log, told } = createLog()
    fill(log, 4)
    log.readElsewhere(2, 3)
    log.produce(2, 'stored', { appended: () => {} })
    expect([log.remoteReaders, log.attended, log.furthestBytes]).toEqual([2, true, 3 * BYTES])
    told.length = 0
    log.readElsewhere(0, 0)
    expect([log.attended, told]).toEqual([false, ['readers 0+0']])
  })
})
