import { expect, test } from 'vitest'

import { fuzz } from './fuzz.ts'

const FOR_MS = 30_000
/** Compiled code and caches still settle after a third of the time; a leak of a few hundred bytes a shot is more. */
const MOST_GROWN_BYTES = 12 * 1024 * 1024

test(
  'odd requests of every transport: no error of our own, nothing is left running or held, memory is flat',
  async () => {
    const seed = Number(process.env.SLUICE_SEED ?? Math.floor(Math.random() * 2 ** 32))
    const { shots, faults, heldEarly, heldLate } = await fuzz({ seed, forMs: FOR_MS })
    expect(faults).toEqual([])
    expect(shots).toBeGreaterThan(500)
    expect(heldLate).toMatchObject({ producing: 0, delivering: 0, store: { streams: 0, bytes: 0 } })
    expect(heldLate.bytes - heldEarly.bytes).toBeLessThan(MOST_GROWN_BYTES)
  },
  FOR_MS * 8,
)
