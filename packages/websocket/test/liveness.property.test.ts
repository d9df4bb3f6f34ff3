import { Hub } from '@sluice/core'
import { check, createVirtualRuntime } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Liveness } from '../src/liveness.ts'

const PING_MS = 30_000

/** Whether each ping is answered, and whether the sink takes one at that time. */
const rounds = fc.array(fc.record({ answered: fc.boolean(), writable: fc.boolean() }), {
  maxLength: 20,
})

test('contract 4: a peer is gone when it has missed two pings, not before and not later; nothing is pinged past a sink that waits', () =>
  check(
    fc.asyncProperty(rounds, async (script) => {
      const runtime = createVirtualRuntime()
      const hub = new Hub(runtime)
      let writable = true
      let pings = 0
      let goneAtMs: number | undefined
      const liveness = new Liveness(hub, PING_MS, {
        get writable() {
          return writable
        },
        ping: () => pings++,
        gone: () => (goneAtMs ??= runtime.now()),
      })
      let missed = 0
      let expectedPings = 0
      let expectedGoneAtMs: number | undefined
      for (const [index, { answered, writable: takes }] of script.entries()) {
        writable = takes
        await runtime.advance(PING_MS)
        if (expectedGoneAtMs === undefined && missed >= 2) expectedGoneAtMs = (index + 1) * PING_MS
        if (expectedGoneAtMs === undefined && takes) {
          expectedPings++
          missed++
        }
        // An answer comes before the next ping is due.
        await runtime.advance(0)
        if (answered) {
          liveness.heard()
          missed = 0
        }
      }
      expect([pings, goneAtMs]).toEqual([expectedPings, expectedGoneAtMs])
      liveness.stop()
      expect([hub.pending, runtime.pendingTimers]).toEqual([0, 0])
    }),
  ))
