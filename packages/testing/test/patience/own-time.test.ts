import { ownTimeMs } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

/** Gives the processor to somebody else, as a busy machine does. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function compute(ms: number): void {
  const began = process.cpuUsage()
  for (;;) {
    const { user, system } = process.cpuUsage(began)
    if (user + system > 1_000 * ms) return
  }
}

test('own time stands still while the process has no turn', () => {
  const before = ownTimeMs()
  standStill(500)
  expect(ownTimeMs() - before).toBeLessThan(250)
})

test('own time passes while the process computes: who blocks the event loop is not excused', () => {
  const [before, wallBefore] = [ownTimeMs(), performance.now()]
  compute(300)
  // Threads of the process that compute beside it count, too: it may be over sooner.
  expect(ownTimeMs() - before).toBeGreaterThan(0.9 * Math.min(300, performance.now() - wallBefore))
})

test('own time passes while the process waits, never faster than any other', async () => {
  // In this order: what passes between the two looks is the wall's.
  const [wallBefore, before] = [performance.now(), ownTimeMs()]
  for (let count = 0; count < 5; count++) await new Promise((resolve) => setTimeout(resolve, 20))
  const passed = ownTimeMs() - before
  expect(passed).toBeLessThanOrEqual(performance.now() - wallBefore)
  expect(passed).toBeGreaterThan(20)
})

test('a wait across turns that come late counts each of them once', async () => {
  const before = ownTimeMs()
  for (let count = 0; count < 5; count++) {
    await new Promise((resolve) => setTimeout(resolve, 12))
    standStill(200)
  }
  expect(ownTimeMs() - before).toBeLessThan(500)
})
