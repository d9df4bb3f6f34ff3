import { DEFAULT_BODY_OPTIONS, type SluiceError } from '@sluice/core'
import { type ArrivingBody, Bodies, Scheduler } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createVirtualRuntime } from '../../../testing/src/index.ts'

const RULES = { ...DEFAULT_BODY_OPTIONS, totalBytes: 1_000, graceMs: 1_000, bytesPerSecond: 100 }

interface Watched {
  body: ArrivingBody
  bytes: number
  refused: SluiceError | undefined
  closed: boolean
}

function setUp() {
  const runtime = createVirtualRuntime()
  const scheduler = new Scheduler(runtime)
  const bodies = new Bodies(scheduler, RULES)
  const all: Watched[] = []
  const open = (): Watched => {
    const body = bodies.open((error) => {
      expect([watched.refused, watched.closed]).toEqual([undefined, false])
      watched.refused = error
    })
    const watched: Watched = { body, bytes: 0, refused: undefined, closed: false }
    all.push(watched)
    return watched
  }
  const take = (watched: Watched, bytes: number): boolean => {
    const live = !watched.closed && !watched.refused
    if (live) watched.bytes += bytes
    return watched.body.take(bytes)
  }
  return { runtime, scheduler, bodies, all, open, take }
}

const step = fc.oneof(
  fc.record({ is: fc.constant('open' as const) }),
  fc.record({ is: fc.constant('take' as const), which: fc.nat(20), bytes: fc.integer({ min: 0, max: 700 }) }),
  fc.record({ is: fc.constant('close' as const), which: fc.nat(20) }),
  fc.record({ is: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 900 }) }),
)

test('bodies that arrive hold no more than they may together, the largest has to go, and nothing is counted twice or kept', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { runtime, scheduler, bodies, all, open, take } = setUp()
      for (const one of steps) {
        const watched = 'which' in one ? all[one.which % Math.max(1, all.length)] : undefined
        if (one.is === 'open') open()
        else if (one.is === 'pass') await runtime.advance(one.ms)
        else if (!watched) continue
        else if (one.is === 'close') {
          watched.body.close()
          watched.closed ||= !watched.refused
        } else {
          const before = new Set(all.filter(({ refused }) => refused))
          expect(take(watched, one.bytes)).toBe(!watched.closed && !watched.refused)
          const live = all.filter(({ closed, refused }) => !closed && !refused)
          for (const gone of all.filter((each) => each.refused && !before.has(each)))
            expect(gone.bytes).toBeGreaterThanOrEqual(Math.max(0, ...live.map(({ bytes }) => bytes)))
        }
        const live = all.filter(({ closed, refused }) => !closed && !refused)
        expect(bodies.bytes).toBe(live.reduce((sum, { bytes }) => sum + bytes, 0))
        if (live.filter(({ bytes }) => bytes > 0).length > 1) expect(bodies.bytes).toBeLessThanOrEqual(RULES.totalBytes)
      }
      for (const { body } of all) body.close()
      expect([bodies.bytes, scheduler.pending]).toEqual([0, 0])
    }),
    { numRuns: 500 },
  )
})

test('a body that is alone is bounded by its own limit only', () => {
  const { open, take } = setUp()
  const alone = open()
  expect([take(alone, 5_000), alone.refused]).toEqual([true, undefined])
  const other = open()
  expect([take(other, 1), alone.refused?.code]).toEqual([true, 'SLUICE_ERR_OVERLOADED'])
  expect(alone.refused).toMatchObject({ status: 503, retryAfterMs: 1_000 })
  expect(alone.refused?.message).toMatch(/\b1000 bytes.*bodies\.totalBytes/)
})

test('a body that keeps to its rate takes as long as it likes; one that falls below is refused at that moment', async () => {
  const { runtime, open, take } = setUp()
  const [steady, slow, silent] = [open(), open(), open()]
  for (let second = 1; second <= 5; second++) {
    take(steady, 100)
    if (second <= 2) take(slow, 50)
    await runtime.advance(999)
    // What has come by then has bought its time: one second of grace, and one for each 100 bytes.
    expect([second, silent.refused?.status]).toEqual([second, second > 1 ? 408 : undefined])
    await runtime.advance(1)
    expect([second, slow.refused?.status]).toEqual([second, second > 1 ? 408 : undefined])
  }
  expect(steady.refused).toBeUndefined()
  expect(slow.refused?.message).toMatch(/bodies\.graceMs \(1000 ms\).*bodies\.bytesPerSecond \(100\)/)
  await runtime.advance(1_000)
  expect(steady.refused).toMatchObject({ code: 'SLUICE_ERR_TIMEOUT', status: 408 })
})
