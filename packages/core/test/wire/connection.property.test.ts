import { createSluice } from '@sluice/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check, createCollectingSink, createGuardedRuntime, plainWire } from '../rig/core-rig.ts'

test('contract 4: heartbeats with their jitter come on time, on any clock, without a loop that never ends', () =>
  check(
    fc.asyncProperty(fc.double({ min: 0, max: 1e7, noNaN: true }), async (startMs) => {
      const runtime = createGuardedRuntime(startMs)
      const sluice = createSluice({ runtime })
      const stream = await sluice.start(() => new ReadableStream(), { as: 'server' })
      const sink = createCollectingSink()
      stream.deliver(sink, { wire: plainWire })
      await runtime.advance(50_000)
      expect(sink.writes.length).toBeGreaterThanOrEqual(3)
      expect(sink.writes.length).toBeLessThanOrEqual(4)
    }),
    { endOnFailure: true },
  ))
