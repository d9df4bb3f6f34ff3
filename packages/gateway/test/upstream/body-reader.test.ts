import { Readable } from 'node:stream'

import { expect, test } from 'vitest'

import { NodeBodyReader } from '../../src/upstream/body-reader.ts'

const KIB = 1_024

test('contract 7: a backend is paused where nobody takes what it says, and goes on when somebody does', async () => {
  let pulled = 0
  const answer = new Readable({
    highWaterMark: 16 * KIB,
    read() {
      pulled++
      // Always more at once: nothing but a pause stops it.
      setImmediate(() => this.push(pulled > 1_000 ? null : Buffer.alloc(KIB)))
    },
  })
  const reader = new NodeBodyReader(answer)
  let before: number
  do {
    before = pulled
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  } while (pulled > before)
  // What may wait for the reader, and Node's own queue.
  expect(pulled).toBeLessThanOrEqual(64 + 16 + 1)
  let bytes = 0
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) bytes += piece.value!.length
  expect(bytes).toBe(1_000 * KIB)
})
