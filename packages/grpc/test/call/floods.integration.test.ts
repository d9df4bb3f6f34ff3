import { DEFAULT_READER_OPTIONS, DEFAULT_STREAM_OPTIONS } from '@sluice/core'
import { StartRequestSchema } from '@sluice/grpc/v1'
import { untilStill } from '@sluice/testing/patience'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { encode, frame } from '../rig/http2-client.ts'
import { connect, hear, open, type Rig, saying, startRig } from '../rig/rig.ts'
import * as raw from '../rig/raw-http2.ts'

const MIB = 1024 * 1024
const { RawHttp2, http2Frame } = raw
const HEADERS_OF_CALL = raw.callHeaders('Start')
const MESSAGE = encode(StartRequestSchema)
const FLOOD_MESSAGE = encode(StartRequestSchema, { input: { flood: true } })
const KIB = 1024
/** Bytes that floods have said. */
let flooded = 0

/** Says as much as is taken. */
async function* flood(): AsyncGenerator<string> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve))
    flooded += KIB
    yield 'x'.repeat(KIB)
  }
}

let rig: Rig
beforeEach(async () => {
  flooded = 0
  rig = await startRig(
    { byInput: (input) => (input['flood'] ? flood : saying('some ', 'text')) },
    {
      sluice: {
        limits: { streamsPerOwner: 1e5, startBurst: 1e6, startsPerSecond: 1e6 },
        // The deadline of a call that is not finished has tests of its own (credentials-first); here none is to pass.
        bodies: { graceMs: 300_000 },
        stream: { onDisconnect: 'cancel' },
      },
    },
  )
})
afterEach(() => rig[Symbol.asyncDispose]())

/** Others on the same server are answered, also while somebody floods it. */
async function answersOthers(): Promise<void> {
  using client = connect(rig)
  const { text, status } = await hear(open(client, 'Start', {}))
  expect([text, status.code]).toEqual(['some text', 0])
}

/** What a flood costs at its end, in bytes of the process; the peer is in the same one, and counts with it. */
async function costOf(flood: () => Promise<void>): Promise<number> {
  await answersOthers()
  const before = process.memoryUsage.rss()
  await flood()
  await answersOthers()
  return process.memoryUsage.rss() - before
}

function call(stream: number, message: Buffer = MESSAGE, ending: number = raw.END_STREAM): Buffer {
  return Buffer.concat([
    http2Frame(raw.HEADERS, raw.END_HEADERS, stream, HEADERS_OF_CALL),
    http2Frame(raw.DATA, ending, stream, message),
  ])
}

describe('contract 6: the server holds little and answers others under', () => {
  test('a rapid reset: a connection that resets what it has just asked for is closed after a thousand', async () => {
    using peer = await RawHttp2.open(rig)
    const cancel = Buffer.from([0, 0, 0, 8])
    const cost = await costOf(async () => {
      for (let stream = 1; stream < 40_000 && peer.isOpen; stream += 200) {
        const pairs = Array.from({ length: 100 }, (_, at) => {
          const id = stream + 2 * at
          return Buffer.concat([call(id), http2Frame(raw.RST_STREAM, 0, id, cancel)])
        })
        await peer.flood(Buffer.concat(pairs), 1)
      }
      await peer.closed
    })
    expect(peer.goaway).toBeDefined()
    // A call and its reset are some 200 bytes; 20,000 of them were meant.
    expect(peer.socket.bytesWritten).toBeLessThan(MIB)
    expect(cost).toBeLessThan(160 * MIB)
    await expect.poll(() => rig.sluice.stats().producing).toBe(0)
    expect(rig.sluice.stats().delivering).toBe(0)
  })

  test('a header block that never ends, in ever more CONTINUATION frames: the connection is closed', async () => {
    using peer = await RawHttp2.open(rig)
    const more = http2Frame(raw.CONTINUATION, 0, 1, raw.headerBlock({ 'x-filler': 'y'.repeat(100) }))
    const cost = await costOf(async () => {
      peer.send(http2Frame(raw.HEADERS, 0, 1, HEADERS_OF_CALL))
      await peer.flood(Buffer.concat(Array.from({ length: 100 }, () => more)), 10_000)
    })
    await peer.closed
    expect(peer.goaway).toBeDefined()
    // Of 150 MB that were meant.
    expect(peer.socket.bytesWritten).toBeLessThan(MIB)
    expect(cost).toBeLessThan(64 * MIB)
  })

  test.each([
    ['SETTINGS, each of which is answered', raw.settingsFrame({ 4: 65_535 })],
    ['PING, each of which is answered', http2Frame(raw.PING, 0, 0, Buffer.alloc(8))],
  ])('a flood of %s, from a peer that reads nothing: the connection is closed', async (_, frame) => {
    using peer = await RawHttp2.open(rig)
    peer.socket.pause()
    const cost = await costOf(() => peer.flood(Buffer.concat(Array.from({ length: 1_000 }, () => frame)), 2_000))
    peer.socket.resume()
    await peer.closed
    // Of tens of megabytes that were meant.
    expect(peer.socket.bytesWritten).toBeLessThan(8 * MIB)
    expect(cost).toBeLessThan(64 * MIB)
  })

  test('windows of one byte on 100 calls: what waits for them is bounded by their queues', async () => {
    using peer = await RawHttp2.open(rig, { 4: 1 })
    const cost = await costOf(async () => {
      peer.send(...Array.from({ length: 100 }, (_, at) => call(1 + 2 * at, FLOOD_MESSAGE)))
      await expect.poll(() => peer.came.get(raw.DATA) ?? 0).toBeGreaterThanOrEqual(100)
      for (let time = 0; time < 20; time++) {
        const one = Buffer.from([0, 0, 0, 1])
        peer.send(...Array.from({ length: 100 }, (_, at) => http2Frame(raw.WINDOW_UPDATE, 0, 1 + 2 * at, one)))
      }
      // One byte for each window, and no more: the rest waits in the queues of its calls.
      await expect.poll(() => peer.dataBytes).toBe(100 * 21)
      const { queueBytes, maxChunkBytes } = DEFAULT_READER_OPTIONS
      const said = await untilStill(() => flooded, { above: 100 * KIB })
      expect(said).toBeLessThan(100 * (queueBytes + maxChunkBytes + DEFAULT_STREAM_OPTIONS.windowBytes + 2 * KIB))
    })
    expect(cost).toBeLessThan(64 * MIB)
    expect(peer.isOpen).toBe(true)
  })

  test('3,000 calls that are begun and never finished: a connection has its 1,000, and what goes with it is free', async () => {
    const peers = await Promise.all(Array.from({ length: 3 }, () => RawHttp2.open(rig)))
    // Little enough for the window of a connection, which this peer does not look at.
    const begun = frame(Buffer.alloc(1_000)).subarray(0, 50)
    const cost = await costOf(async () => {
      // One more than there may be is refused by itself.
      const calls = Array.from({ length: 1_000 }, (_, at) => call(1 + 2 * at, begun, 0))
      for (const peer of peers) peer.send(...calls, call(2_001, Buffer.alloc(0), 0))
      for (const peer of peers) await expect.poll(() => peer.refused, { timeout: 120_000 }).toBe(1)
    })
    expect(cost).toBeLessThan(128 * MIB)
    for (const peer of peers) expect(peer.isOpen).toBe(true)
    expect(rig.sluice.bodies.bytes).toBeGreaterThan(0)
    for (const peer of peers) peer[Symbol.dispose]()
    await expect.poll(() => rig.sluice.bodies.bytes).toBe(0)
    await answersOthers()
  })
})
