import type { ClientHttp2Session } from 'node:http2'

import { DEFAULT_READER_OPTIONS, DEFAULT_STREAM_OPTIONS } from '@sluice/core'
import { AttachRequestSchema, StartRequestSchema } from '@sluice/grpc/v1'
import { quiet, untilStill } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { beginCall, encode, openSession } from '../rig/http2-client.ts'
import { saying, startRig } from '../rig/rig.ts'

const MIB = 1_048_576
const READERS = 50
const WINDOW_BYTES = 65_535

async function held(): Promise<number> {
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc!()
    await quiet()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test(`contract 6: ${READERS} clients that never read cost their caps, and nothing once they are gone`, async () => {
  let pulled = 0
  await using rig = await startRig(
    async function* () {
      for (let index = 0; ; index++) {
        await new Promise((resolve) => setImmediate(resolve))
        pulled += 4_096
        yield `${index}:${Math.random()}`.padEnd(4_096, '.')
      }
    },
    {
      sluice: { stream: { onDisconnect: 'cancel', retentionMs: 1 }, limits: { streamsPerOwner: 100, startBurst: 100 } },
    },
  )
  const stall = async (readers: number): Promise<ClientHttp2Session> => {
    const pulledBefore = pulled
    const session = openSession(rig.url, { initialWindowSize: WINDOW_BYTES })
    for (let index = 0; index < readers; index++) beginCall(session, 'Start', encode(StartRequestSchema)).pause()
    // Each of them has filled its window before anything can stand still.
    await untilStill(() => pulled, { above: pulledBefore + readers * WINDOW_BYTES })
    return session
  }
  const over = async (session: ClientHttp2Session): Promise<void> => {
    session.destroy()
    await expect.poll(() => rig.sluice.stats().producing).toBe(0)
    await expect.poll(() => rig.sluice.stats().store.streams).toBe(0)
  }
  // Once for what is compiled and loaded.
  await over(await stall(READERS))
  const before = await held()
  const session = await stall(READERS)
  const { queueBytes, maxChunkBytes } = DEFAULT_READER_OPTIONS
  // The client's window counts too: this process holds both ends.
  const caps = DEFAULT_STREAM_OPTIONS.retentionBytes + queueBytes + maxChunkBytes + WINDOW_BYTES
  expect((await held()) - before).toBeLessThan(READERS * (caps + 20 * 1_024))
  await over(session)
  expect((await held()) - before).toBeLessThan(2 * MIB)
})

test('contract 14: 2,000 calls that end or are left leave nothing behind', async () => {
  await using rig = await startRig(saying('x'))
  const stream = await rig.sluice.start(saying(...'abc'), { as: { owner: 'ada' } })
  await stream.text()
  const session = openSession(rig.url)
  const round = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const ref = { ref: { case: 'id' as const, value: stream.id } }
      const call = beginCall(session, 'Attach', encode(AttachRequestSchema, { ref }))
      call.resume()
      if (index % 4 === 0) call.close(8)
      await new Promise((resolve) => call.once('close', resolve))
    }
  }
  await round(500)
  const before = await held()
  await round(2_000)
  expect((await held()) - before).toBeLessThan(1.5 * MIB)
  expect(rig.sluice.stats()).toMatchObject({ delivering: 0 })
  session.destroy()
})
