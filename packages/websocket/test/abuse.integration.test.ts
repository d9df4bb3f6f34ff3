import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'

import type { RawFrame } from './rig/raw-frame.ts'
import { CONTINUATION, PING, PONG, RawPeer, TEXT } from './rig/raw-peer.ts'
import { SocketClient, type SocketRig, startRig } from './rig/socket-rig.ts'
import { below, endless, stall } from './rig/stalling.ts'

/** Messages that are answered. */
const PER_SECOND = 50
const BURST = 100

let rig: SocketRig
beforeEach(async () => {
  rig = await startRig(
    { limits: { messagesPerSecond: PER_SECOND, messageBurst: BURST }, run: () => () => ['some ', 'text'] },
    { reader: { closeGraceMs: 300 } },
  )
})
afterEach(() => rig[Symbol.asyncDispose]())

const MIB = 1024 * 1024
const json = (message: object): RawFrame => ({ opcode: TEXT, payload: JSON.stringify(message) })

/** Others on the same server notice nothing. */
async function expectUnharmed(): Promise<void> {
  const client = await SocketClient.open(rig.url)
  client.say({ type: 'ping', ref: 'still there' })
  expect(await client.hear('pong')).toEqual({ type: 'pong', ref: 'still there' })
  client.ws.close()
  await client.closed
}

describe('reliability F60 and S7: a peer', () => {
  test.each<[string, RawFrame[], number]>([
    ['that announces a frame of 100 MiB', [{ opcode: TEXT, payload: 'x'.repeat(1_000), length: 100 * MIB }], 1009],
    [
      'whose fragments are more than 64 KiB together',
      Array.from({ length: 5 }, (_, index): RawFrame => ({
        opcode: index ? CONTINUATION : TEXT,
        payload: 'x'.repeat(16 * 1024),
        fin: false,
      })),
      1009,
    ],
    [
      'that sends a message in tiny fragments',
      Array.from({ length: 2_000 }, (_, index): RawFrame => ({
        opcode: index ? CONTINUATION : TEXT,
        payload: 'x',
        fin: false,
      })),
      1008,
    ],
    [
      'that sends empty continuations',
      Array.from({ length: 2_000 }, (_, index): RawFrame => ({ opcode: index ? CONTINUATION : TEXT, fin: false })),
      1008,
    ],
    ['whose text is no UTF-8', [{ opcode: TEXT, payload: Uint8Array.of(0x22, 0xc3, 0x28, 0x22) }], 1007],
    ['that does not mask', [{ opcode: TEXT, payload: '{}', masked: false }], 1002],
    ['that continues what was not begun', [{ opcode: CONTINUATION, payload: '{}' }], 1002],
    ['that compresses although nothing was agreed', [{ opcode: TEXT, payload: '{}', rsv1: true }], 1002],
    ['that uses an opcode there is not', [{ opcode: 3, payload: '{}' }], 1002],
  ])('%s is cut off', async (_, frames, code) => {
    const peer = await RawPeer.open(rig.port)
    peer.send(...frames)
    expect((await peer.farewell()).code).toBe(code)
    await expect.poll(() => rig.handler.size).toBe(0)
    await expectUnharmed()
  })

  test.each<[string, RawFrame]>([
    ['JSON that is broken', { opcode: TEXT, payload: '{"type":' }],
    ['JSON that is no message', { opcode: TEXT, payload: '[1,2]' }],
    ['a type that is unknown', json({ type: 'shutdown' })],
    ['a type that is inherited', json({ type: 'constructor' })],
    ['a field that is unknown', json({ type: 'ping', extra: 1 })],
    ['a field of another type', json({ type: 'ack', cursor: 'x', credit: '1' })],
    ['credit that is no whole number', json({ type: 'ack', cursor: 'x', credit: 1.5 })],
    ['credit below nothing', json({ type: 'ack', cursor: 'x', credit: -1 })],
    ['a request for nobody', json({ type: 'cancel' })],
    ['two streams at once', json({ type: 'attach', ref: 'a', stream: 'x', key: 'y' })],
    ['a name that is too long', json({ type: 'ping', ref: 'r'.repeat(65) })],
    [
      'JSON nested 5,000 deep',
      { opcode: TEXT, payload: `{"type":"start","ref":"a","body":{"x":${'['.repeat(5_000)}${']'.repeat(5_000)}}}` },
    ],
    [
      'a member named __proto__',
      { opcode: TEXT, payload: '{"type":"start","ref":"a","body":{"__proto__":{"admin":true}}}' },
    ],
    ['a binary message', { opcode: 2, payload: '{"type":"ping"}' }],
    ['an empty message', { opcode: TEXT }],
  ])('that says %s is told why, and closed with 1008', async (_, frame) => {
    const peer = await RawPeer.open(rig.port)
    peer.send(frame)
    const { code, text } = await peer.farewell()
    expect(code).toBe(1008)
    const refused = JSON.parse(text) as { type: string; code: string; message: string }
    expect(refused).toMatchObject({ type: 'refused', code: 'SLUICE_ERR_REQUEST' })
    expect(refused.message.length).toBeLessThan(500)
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    await expectUnharmed()
  })

  test('that floods with messages is told so, once, and closed with 1008', async () => {
    const beganMs = performance.now()
    const peer = await RawPeer.open(rig.port)
    peer.send(...Array.from({ length: 1_000 }, () => json({ type: 'ping' })))
    const { code, text } = await peer.farewell()
    expect(code).toBe(1008)
    const answered = text.match(/"pong"/g)!.length
    expect(answered).toBeGreaterThanOrEqual(BURST)
    expect(answered).toBeLessThanOrEqual(BURST + (PER_SECOND * (performance.now() - beganMs)) / 1_000)
    expect(text.match(/"refused"/g)).toHaveLength(1)
    expect(text).toContain('SLUICE_ERR_RATE')
    expect(text).toContain('retryAfterMs')
    await expectUnharmed()
  })

  test.each([
    ['pings', PING],
    ['pongs', PONG],
  ])('that floods with %s is told so, and closed with 1008, as with messages', async (_, opcode) => {
    const peer = await RawPeer.open(rig.port)
    // Few at a time: `ws` gives up a peer by itself that it owes too many pongs.
    const flood = setInterval(() => peer.send(...Array.from({ length: 20 }, () => ({ opcode, payload: 'p' }))), 5)
    const { code, text } = await peer.farewell()
    clearInterval(flood)
    expect([code, text]).toEqual([1008, expect.stringContaining('SLUICE_ERR_RATE') as string])
    await expect.poll(() => rig.handler.size).toBe(0)
    await expectUnharmed()
  })

  test('that offers compression is given none', async () => {
    const peer = await RawPeer.open(
      rig.port,
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n',
    )
    expect(peer.head).toContain('101 Switching Protocols')
    expect(peer.head.toLowerCase()).not.toContain('permessage-deflate')
    peer.socket.destroy()
  })

  test('that asks on and on without reading is cut off, with few answers that wait for it', async () => {
    const pulled = { count: 0 }
    await using eager = await startRig(
      {
        limits: { messagesPerSecond: 100_000, messageBurst: BURST, maxStreams: 10, maxPendingRequests: 10 },
        run: () => endless(pulled),
      },
      { reader: { closeGraceMs: 20_000 } },
    )
    const client = await SocketClient.open(eager.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    await client.hear('text')
    await stall(client, pulled)
    const flood = setInterval(() => {
      for (let at = 0; at < 20; at++) client.say({ type: 'ping', ref: 'p' })
    }, 1)
    onTestFinished(() => clearInterval(flood))
    await expect.poll(() => eager.sluice.stats().delivering).toBe(0)
    clearInterval(flood)
    below(client).resume()
    expect((await client.closed).code).toBe(1008)
    expect(await client.hear('refused')).toMatchObject({ message: 'You ask for more than you read.' })
    // As many as may be asked for at once: a burst, and what is pending, of which 20 begin readings and 20 cancel them.
    expect(client.heard.filter(({ type }) => type === 'pong')).toHaveLength(BURST + 50)
    await expectUnharmed()
  })

  test('that is in the middle of a message when it goes leaves nothing behind', async () => {
    const peer = await RawPeer.open(rig.port)
    peer.send({ opcode: TEXT, payload: '{"type":', fin: false })
    peer.socket.resetAndDestroy()
    await expect.poll(() => rig.handler.size).toBe(0)
  })
})

test('reliability F60: memory stays flat while peers send little of what they announce', async () => {
  const before = process.memoryUsage()
  const half: RawPeer[] = []
  for (let round = 0; round < 30; round++) {
    const much = await RawPeer.open(rig.port)
    much.send({ opcode: TEXT, payload: 'x'.repeat(1_000), length: 100 * MIB })
    expect((await much.farewell()).code).toBe(1009)
    const peer = await RawPeer.open(rig.port)
    peer.send({ opcode: TEXT, payload: 'x'.repeat(60_000), length: 65_000, fin: false })
    half.push(peer)
  }
  await expect.poll(() => rig.handler.size).toBe(half.length)
  const now = process.memoryUsage()
  // Announced were 3 GiB. What is allocated and never touched is no part of the resident set.
  for (const kind of ['rss', 'arrayBuffers'] as const) expect(now[kind] - before[kind]).toBeLessThan(50 * MIB)
  for (const { socket } of half) socket.destroy()
  await expect.poll(() => rig.handler.size).toBe(0)
})
