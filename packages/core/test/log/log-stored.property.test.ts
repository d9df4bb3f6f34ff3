/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import type { EndEvent } from '@sluice/core'
import { eventBytes } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Reader } from '../../src/reader/reader.ts'
import { check } from '../rig/core-rig.ts'
import { FollowedLog, sizeOf, type Step } from './followed-log.ts'
import { manyEvents } from './logged-arbitraries.ts'

const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }
const MIB = 1024 * 1024

const steps = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), events: manyEvents }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('store' as const), share: fc.constantFrom(0, 0.01, 0.5, 0.99, 1) }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'epoch' }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), count: fc.integer({ min: 1, max: 400 }) }) },
  ),
  { maxLength: 12 },
)
const retention = fc.constantFrom(1024, 4000, 20_000, MIB)

describe('contract 11, a log that shows what is stored', () => {
  test('shows exactly what the store has, keeps all that it has not, and gives the store what was appended', () =>
    check(
      fc.property(steps, retention, (list, retentionBytes) => {
        const scene = new FollowedLog(retentionBytes)
        for (const step of list) {
          scene.do(step)
          scene.assertShown()
          scene.assertKept()
        }
      }),
    ))

  test('gives its readers no more than that, wakes them when there is more, and never wakes them for less', () =>
    check(
      fc.property(steps, (list) => {
        const scene = new FollowedLog(MIB)
        const { log } = scene
        const reader = new Reader(log, 0)
        let woken = 0
        reader.sleeper = { wake: () => void woken++ }
        reader.attach()
        log.sleep(reader, 1)
        for (const step of list) {
          const before = scene.stored
          const asleep = reader.wakeAt !== Infinity
          woken = 0
          scene.do(step)
          expect(woken).toBe(asleep && scene.stored > before ? 1 : 0)
          expect([reader.pending, reader.broken]).toEqual([scene.stored - reader.seq, undefined])
          if (step.do === 'read' && reader.pending > 0) {
            const asked = Math.min(step.count, reader.pending)
            reader.take(step.count, Infinity)
            expect(reader.pending).toBe(scene.stored - reader.seq)
            expect(reader.seq).toBeGreaterThanOrEqual(asked)
            expect(reader.bytePosition).toBe(sizeOf(scene.events.slice(0, reader.seq)))
          }
          if (reader.pending === 0) log.sleep(reader, reader.seq + 1)
        }
      }),
    ))

  test('contract 3: has its end only once the store has it, and takes nothing meanwhile', () =>
    check(
      fc.property(steps, manyEvents, fc.nat({ max: 3 }), (list, late, portions) => {
        const scene = new FollowedLog(MIB)
        const { log } = scene
        const told: unknown[] = []
        log.watchers.add({ ended: (end) => void told.push(end), lost: (code) => void told.push(code) })
        for (const step of list) scene.do(step)
        scene.append(STOP)
        for (const event of [...late, STOP]) expect(log.append(event)).toBe(false)
        scene.assertKept()
        for (let portion = 0; portion < portions; portion++) {
          if (scene.appended.length - scene.stored > 1) scene.store(0.5)
          if (scene.stored === scene.appended.length) break
          expect([log.end, log.ending, told]).toEqual([undefined, true, []])
        }
        scene.store(1)
        expect([log.end, log.ending, told]).toEqual([STOP, true, [STOP]])
        for (const event of [...late, STOP]) expect(log.append(event)).toBe(false)
        scene.assertShown()
      }),
    ))

  test('contract 6: is trimmed as soon as the store has its head, down to its retention', () =>
    check(
      fc.property(manyEvents, fc.constantFrom(1024, 4000), (events, retentionBytes) => {
        const scene = new FollowedLog(retentionBytes)
        scene.append(...events)
        expect([scene.log.firstSeq, scene.log.bytes]).toEqual([1, sizeOf(events)])
        scene.store(1)
        const largest = Math.max(...events.map(eventBytes))
        expect(scene.log.bytes).toBeLessThanOrEqual(retentionBytes + largest)
        scene.assertKept()
      }),
    ))
})
