import type { StreamEvent } from '@sluice/core'
import type { Logged, StoredStream } from '@sluice/core/extend'
import { check, sourceEvents } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { StoreDriver } from '../rig/driver.ts'
import { Following } from '../rig/following.ts'
import { describePresence } from './presence.ts'
import { CUT, findStream, type OpenStore, openRig, STOP, type StoreRig } from '../rig/rig.ts'

const RUNS = 20
const TIMEOUT_MS = 180_000

const toEvent = (event: Logged): StreamEvent => (typeof event === 'string' ? { type: 'text', text: event } : event)
const entriesOf = (events: readonly Logged[]): object[] =>
  events.map((event, index) => ({ event: toEvent(event), epoch: 1, seq: index + 1 }))

/** Joins a stream where it is looked at. */
async function follow({ other }: StoreRig, { facts }: StoredStream): Promise<Following> {
  return new Following((await findStream(other, facts)).log)
}

async function expectRead({ eventually }: StoreRig, reader: Following, events: readonly Logged[]): Promise<void> {
  await eventually(() => expect([reader.end, reader.broken]).toEqual([events.at(-1), undefined]))
  expect(reader.entries).toEqual(entriesOf(events))
  reader.leave()
}

/** Streams that are produced in one place and read in another. */
export function describeSharing(open: OpenStore, driver: StoreDriver): void {
  describe('contract 1 and 3, a reader in another process', () => {
    test('reads what is appended, in order and complete, up to the same end, whenever it joins', async () => {
      const rig = await open()
      const stream = await rig.begin()
      const tokens = Array.from({ length: 600 }, (_, index) => `${index} `)
      const readers = [await follow(rig, stream)]
      for (let at = 0; at < tokens.length; at += 60) {
        await rig.append(stream, ...tokens.slice(at, at + 60))
        if (at % 180 === 0) readers.push(await follow(rig, stream))
      }
      expect(await rig.append(stream, STOP)).toBe(true)
      readers.push(await follow(rig, stream))
      for (const reader of readers) await expectRead(rig, reader, [...tokens, STOP])
    })

    test('reads all of it, too, when it found the stream long before it begins to read', async () => {
      const rig = await open()
      const stream = await rig.begin()
      await rig.append(stream, 'a')
      const { log } = await findStream(rig.other, stream.facts)
      await rig.append(stream, 'b', 'c')
      await rig.pass(100)
      const reader = new Following(log)
      await rig.append(stream, 'd', STOP)
      await expectRead(rig, reader, ['a', 'b', 'c', 'd', STOP])
    })

    test('can leave and come back, to the log it had or to one it finds anew', async () => {
      const rig = await open()
      const stream = await rig.begin()
      const first = await follow(rig, stream)
      await rig.append(stream, 'a')
      first.leave()
      await rig.append(stream, 'b')
      await rig.pass(100)
      const [again, anew] = [new Following(first.log), await follow(rig, stream)]
      await rig.append(stream, 'c', STOP)
      for (const reader of [again, anew]) await expectRead(rig, reader, ['a', 'b', 'c', STOP])
    })

    test(
      'reads any events, appended in any portions',
      () => {
        const portions = fc.array(sourceEvents({ maxEvents: 12 }) as fc.Arbitrary<Logged[]>, { maxLength: 6 })
        const property = fc.asyncProperty(portions, fc.nat({ max: 6 }), async (appended, joinsBefore) => {
          const rig = await openRig(driver, { another: true })
          try {
            const stream = await rig.begin()
            let reader: Following | undefined
            for (const [index, events] of [...appended, [STOP]].entries()) {
              if (index === joinsBefore) reader = await follow(rig, stream)
              expect(await rig.append(stream, ...events)).toBe(true)
            }
            await expectRead(rig, reader ?? (await follow(rig, stream)), [...appended.flat(), STOP])
          } finally {
            await rig.dispose()
          }
        })
        return check(property, { numRuns: Math.min(driver.runs ?? RUNS, RUNS) })
      },
      TIMEOUT_MS,
    )

    test('sees the end that was written from outside, wherever that was done', async () => {
      const rig = await open()
      for (const closer of [rig.store, rig.other]) {
        const stream = await rig.begin()
        const readers = [new Following(stream.log), await follow(rig, stream)]
        await rig.append(stream, 'a')
        await closer.close(stream.facts, CUT)
        for (const reader of readers) {
          await rig.eventually(() => expect([reader.end, reader.broken]).toEqual([CUT, undefined]))
          expect(reader.entries).toEqual([...entriesOf(['a']), { event: CUT, epoch: 2, seq: 2 }])
          reader.leave()
        }
      }
    })

    test('contract 2: is told when the stream is erased under it, and so is one where it was produced', async () => {
      const rig = await open()
      for (const eraser of [rig.store, rig.other]) {
        const stream = await rig.begin()
        await rig.append(stream, 'a', 'b')
        const logs = [stream.log, (await findStream(rig.other, stream.facts)).log]
        const readers = logs.map((log) => new Following(log, { takes: false }))
        await eraser.close(stream.facts, CUT)
        for (const log of logs) await rig.eventually(() => expect(log.end).toEqual(CUT))
        await eraser.erase(stream.facts)
        for (const each of [rig.store, rig.other]) expect((await each.find(stream.facts)).is).toBe('tombstone')
        for (const reader of readers) {
          await rig.eventually(() => expect(reader.broken).toBe('trimmed'))
          reader.leave()
        }
      }
    })

    test('contract 9: is asked about by a close unless attended; one where the close is made is not', async () => {
      const rig = await open()
      const stream = await rig.begin()
      const here = new Following(stream.log)
      const closing = { is: 'closed', first: true, end: CUT, epoch: 2, seq: 1 }
      expect(await rig.store.close(stream.facts, CUT, { unlessAttended: true })).toEqual(closing)
      here.leave()
    })
  })

  if (driver.remote && !driver.alone) describePresence(open)
}
