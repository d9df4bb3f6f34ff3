import { afterAll, describe, expect, test } from 'vitest'

import { faultOfBegun } from '../../load/check.ts'
import { SLOW_LINE, SlowLine } from '../../load/slow-line.ts'
import { Stage } from '../../load/stage.ts'
import { TRANSPORTS } from '../../rows/versus/transports.ts'
import { fatTextOf } from '../../traffic/fixtures.ts'
import { isSlow, slowAmong } from '../../traffic/slow-readers.ts'
import type { Shape } from '../../traffic/source.ts'

const STREAMS = 20
const MAIN: Shape = { tokens: 60, tokensPerSecond: 200, gated: true, due: true, lateInTurn: true }
const FAT: Shape = { tokens: 400, tokensPerSecond: 100, burst: 4, fat: true, gated: true, greets: true }

test('15 % of the readers are slow', () => {
  expect([slowAmong(20), slowAmong(100), slowAmong(500)]).toEqual([3, 15, 75])
  expect([isSlow(0), isSlow(2), isSlow(3), isSlow(22)]).toEqual([true, true, false, true])
})

describe.each(TRANSPORTS.map((contestant) => [contestant.name, contestant] as const))('%s', (_, contestant) => {
  const stage = new Stage(contestant, { quick: true })
  const ready = stage.ready()
  afterAll(() => stage.over())

  test('gives fast and slow readers the same, and the slow ones no sooner than their line can', async () => {
    await ready
    await using line = await SlowLine.before(stage.port)
    await stage.open({ main: MAIN }, STREAMS, { slow: { port: line.port, shape: 'main' } })
    await stage.flow()
    const { delay, slowDelay } = await stage.check(MAIN.tokens, { timed: true, slow: 'whole' })
    expect([delay.count, slowDelay.count]).toEqual([(STREAMS - 3) * MAIN.tokens, 3 * MAIN.tokens])
    // Timers may be early by the fraction of a millisecond that they cut off.
    expect(slowDelay.p50).toBeGreaterThan(1_000 * (SLOW_LINE.latencyMs! - 2))
    expect(slowDelay.p50).toBeGreaterThan(delay.p50)
    await stage.forget()
  })

  test('is compared as far as its slow readers have come, where they are left behind', async () => {
    await ready
    await using line = await SlowLine.before(stage.port)
    await stage.open({ main: MAIN, slow: FAT }, STREAMS, { slow: { port: line.port, shape: 'slow' } })
    await stage.flow({ leavesSlow: true })
    const { bytes } = await stage.pulled()
    expect(bytes).toBeGreaterThan(0)
    const compared = async (): Promise<number[] | string> => {
      try {
        const { delay, slowDelay } = await stage.check(MAIN.tokens, { timed: true, slow: 'begun' })
        return [delay.count, slowDelay.count]
      } catch (error) {
        return String(error)
      }
    }
    // A token of 4 KiB takes a while on such a line.
    await expect.poll(compared).toEqual([(STREAMS - 3) * MAIN.tokens, 0])
    await stage.forget()
  })
})

test('an answer that goes on is compared as far as it has come', () => {
  const text = fatTextOf(2, 3)
  expect(faultOfBegun({ text: text.slice(0, 5_000) }, 2)).toBeUndefined()
  expect(faultOfBegun({ text: text.slice(0, 5_000) }, 1)).toContain('is another')
  expect(faultOfBegun({ text: text.slice(1, 5_000) }, 2)).toContain('is another')
  expect(faultOfBegun({ text: '' }, 2)).toBe('no text')
})
