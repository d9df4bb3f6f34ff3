import { describe, expect, test } from 'vitest'

import { DRIFTS } from '../../batches/drift.ts'
import { judgeBatch, simulateBatch } from '../../batches/simulated-batch.ts'

const SEEDS = 24

describe.each(DRIFTS)('a backend whose speed does: %s', (drift) => {
  test.each([false, true])('shared: %s: the true end lies where it was said, most of the time', (shared) => {
    const judged = Array.from({ length: SEEDS }, (_, index) =>
      judgeBatch(simulateBatch({ seed: 77_000_000 + 31 * index, drift, shared })),
    )
    const mean = (metric: 'inside' | 'width'): number => judged.reduce((sum, one) => sum + one[metric], 0) / SEEDS
    // Of one kind alone it may be less than of all: what comes in steps is known when it has come.
    expect(mean('inside')).toBeGreaterThan(0.65)
    expect(mean('width')).toBeLessThan(0.65)
  })
})
