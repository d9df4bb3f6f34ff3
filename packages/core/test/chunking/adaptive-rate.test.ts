import { adaptive, type ChunkingWishes } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { runPolicy } from './policy-run.ts'

const TOKENS = 200
/** The ramp: small chunks at first, and no rate yet. */
const RAMP = 40

interface Flow {
  /** Tokens of a chunk, on average. */
  readonly size: number
  readonly medianMs: number
  readonly longestMs: number
}

/** What a reader of a source of an even rate is given, the ramp left out. */
async function flowAt(tokensPerSecond: number, wishes?: ChunkingWishes, maxDelayMs?: number): Promise<Flow> {
  const list = Array.from({ length: TOKENS }, () => ({ waitMs: 1_000 / tokensPerSecond, tokens: ['word'] }))
  const { chunks, arrivals } = await runPolicy(adaptive({ maxDelayMs }), list, { wishes })
  const later = chunks.filter(({ fromSeq, toSeq }) => fromSeq > RAMP && toSeq < TOKENS)
  const waits = later.flatMap(({ fromSeq, toSeq, atMs }) =>
    arrivals.slice(fromSeq - 1, toSeq).map((cameMs) => atMs - cameMs),
  )
  waits.sort((one, other) => one - other)
  return {
    size: waits.length / later.length,
    medianMs: waits[Math.ceil(waits.length / 2) - 1]!,
    longestMs: waits.at(-1)!,
  }
}

describe('contract 10: adaptive chunks', () => {
  test.each([4, 12, 18])(
    'wait for nothing where the next token would come too late: %i tokens a second',
    async (rate) => {
      expect(await flowAt(rate)).toMatchObject({ size: 1, longestMs: 0 })
    },
  )

  test.each([25, 40, 60, 100, 200, 400])(
    'keep the median token for less than a frame: %i tokens a second',
    async (rate) => {
      const { size, medianMs, longestMs } = await flowAt(rate)
      expect(medianMs).toBeLessThanOrEqual(17)
      expect(longestMs).toBeLessThanOrEqual(51)
      // The overhead of a chunk is the same whatever it carries.
      expect(1 / size).toBeLessThanOrEqual(rate < 60 ? 0.6 : rate < 100 ? 0.6 : rate < 200 ? 0.4 : 0.2)
    },
  )

  test.each([30, 40, 60, 100])('use the delay that a client wishes for: %i tokens a second', async (rate) => {
    const { size, longestMs } = await flowAt(rate, { maxDelayMs: 120 })
    expect(1 / size).toBeLessThanOrEqual(0.35)
    expect(longestMs).toBeLessThanOrEqual(121)
  })

  test('use no more of a wish than wishedDelayMs, and less where less is wished', async () => {
    expect((await flowAt(60, { maxDelayMs: 5_000 })).longestMs).toBeLessThanOrEqual(121)
    expect((await flowAt(60, { maxDelayMs: 20 })).longestMs).toBeLessThanOrEqual(21)
  })

  test('grow to their target where nobody watches', async () => {
    expect((await flowAt(40, undefined, 400)).size).toBeGreaterThan(13)
  })
})
