import { afterAll, beforeAll, expect, test } from 'vitest'

import { cancelFromAfar, startTwoGateways, type TwoGateways } from './rig/two-gateways.ts'

const SLOTS = 1
const ROUNDS = 10
/** Contract 8, and what a busy machine adds. `npm run measure` says how long it takes. */
const FREED_WITHIN_MS = 2_000

let gateways: TwoGateways

beforeAll(async () => {
  gateways = await startTwoGateways(SLOTS)
})
afterAll(() => gateways[Symbol.asyncDispose]())

test('contract 8: a cancel at one gateway frees the slot behind the other, and the next request takes it', async () => {
  // There is one slot: each round runs on what the last one freed.
  for (let round = 0; round < ROUNDS; round++) {
    const { freedMs, answer } = await cancelFromAfar(gateways)
    expect(answer).toMatchObject({
      status: 200,
      value: { status: 'ended', end: { reason: 'cancelled', cause: 'client' } },
    })
    expect(freedMs).toBeLessThan(FREED_WITHIN_MS)
  }
})
