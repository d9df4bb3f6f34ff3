import { quiet } from '@sluice/testing/patience'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig } from './rig/socket-rig.ts'

const KIB = 1024
/** What a socket and its stream may leave behind, on average: a tombstone is a few hundred bytes. */
const MAX_LEFT_BYTES = 1 * KIB
const SOCKETS = 400
const ROUNDS = 3

let rig: SocketRig
beforeAll(async () => {
  rig = await startRig(
    { run: () => () => ['a ', 'b'], pingMs: 1_000 },
    // Longer than a reader takes to be told the end.
    { stream: { retentionMs: 2_000 }, limits: { startsPerSecond: 1e6, startBurst: 1e6 } },
  )
})
afterAll(() => rig[Symbol.asyncDispose]())

async function openAndClose(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    client.say({ type: 'cancel', stream: 'unknown' })
    await client.hear('end')
    if (index % 2) client.ws.close()
    else client.ws.terminate()
    await client.closed
  }
  await expect.poll(() => rig.handler.size).toBe(0)
  await expect.poll(() => rig.sluice.stats().store.streams).toBe(0)
}

async function heapUsed(): Promise<number> {
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc!()
    await quiet()
  }
  return process.memoryUsage().heapUsed
}

test('contract 14: sockets that have gone leave nothing on the heap', async () => {
  await openAndClose(SOCKETS)
  // What is compiled meanwhile comes in one round or another; what sockets leave, in each.
  const left: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = await heapUsed()
    await openAndClose(SOCKETS)
    left.push(((await heapUsed()) - before) / SOCKETS)
  }
  expect(Math.min(...left)).toBeLessThan(MAX_LEFT_BYTES)
})
