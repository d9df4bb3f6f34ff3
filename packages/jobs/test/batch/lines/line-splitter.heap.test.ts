import { expect, test } from 'vitest'

import { LineSplitter } from '../../../src/batch.ts'

const MIB = 1024 * 1024

test('of a line that is longer than a line may be nothing is held', async () => {
  const splitter = new LineSplitter({ maxLineBytes: MIB })
  const before = await held()
  for (let count = 0; count < 64; count++) splitter.push(new Uint8Array(MIB).fill(0x61))
  expect((await held()) - before).toBeLessThan(4 * MIB)
  expect(splitter.end()).toMatchObject([{ number: 1, fault: { code: 'line_too_large' } }])
  expect(splitter.bytes).toBe(64 * MIB)
})

/** Buffers are given back some turns after they were found to be garbage. */
async function held(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc!()
    await new Promise(setImmediate)
  }
  return process.memoryUsage().arrayBuffers
}
