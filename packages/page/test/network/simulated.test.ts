import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Connection } from '../../src/network/connection.ts'
import { delayedBody } from '../../src/network/delayed-body.ts'
import { Meter } from '../../src/network/meter.ts'

const JITTERY = { latencyMs: 1, jitterMs: 3, lossRate: 0.2, lossDelayMs: 4 }

function bodyOf(pieces: readonly Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
}

test('bytes arrive as they were sent, in their order, however they travel; each piece is counted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 }), async (given) => {
      const pieces = given.map((piece) => Uint8Array.from(piece))
      const meter = new Meter()
      let over = 0
      const connection = new Connection(() => JITTERY)
      const body = delayedBody(bodyOf(pieces), { connection, meter, onOver: () => over++ })
      const got = new Uint8Array(await new Response(body).arrayBuffer())
      expect([...got]).toEqual(pieces.flatMap((piece) => [...piece]))
      expect(meter).toMatchObject({ chunks: pieces.length, bytes: got.byteLength })
      expect(over).toBe(1)
    }),
    { numRuns: 30 },
  )
})

test('a connection that is cut fails the body, also one that waits for room or for its sender', async () => {
  const connection = new Connection(() => ({}))
  const never = new ReadableStream<Uint8Array<ArrayBuffer>>()
  const silent = delayedBody(never, { connection, meter: new Meter(), onOver: () => undefined })
  const large = Array.from({ length: 4 }, () => new Uint8Array(64 * 1_024))
  const full = delayedBody(bodyOf(large), { connection, meter: new Meter(), onOver: () => undefined })
  await connection.arrival(1)
  connection.cut()
  await expect(silent.getReader().read()).rejects.toThrow(TypeError)
  await expect(full.getReader().read()).rejects.toThrow(TypeError)
  await expect(connection.arrival(1)).rejects.toThrow('cut')
})
