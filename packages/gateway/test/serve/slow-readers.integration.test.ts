import type { EventSourceMessage } from 'eventsource-parser'
import { describe, expect, test } from 'vitest'
import { serveSource } from '../rig/in-process.ts'
import { attachNative, readUntil, startNative, textOf } from '../rig/native-client.ts'
import { openRaw, type RawClient } from '../rig/raw-client.ts'
import { MESSAGES } from '../rig/stage.ts'

const TOKEN_BYTES = 8 * 1024
/** 64 MiB: more than all buffers between here and a client that does not read. Kernels take some 4 MB on loopback. */
const ENOUGH_TOKENS = 8_192
const MIB = 1024 * 1024
const LIMITS = { windowBytes: 64 * 1024, retentionBytes: 128 * MIB }

/** A source of numbered tokens, which counts what was asked of it, and does not end before `after`. */
function counting(tokens: number, after: Promise<unknown> = Promise.resolve()) {
  const seen = { given: 0 }
  async function* source(): AsyncGenerator<string> {
    for (; seen.given < tokens; seen.given++) yield `<${seen.given}>`.padEnd(TOKEN_BYTES, '.')
    await after
  }
  return { source: (): AsyncGenerator<string> => source(), seen }
}

/** A client whose answer nobody takes from the kernel until `receive`. */
function openUnread(url: string, path: string): Promise<RawClient> {
  const body = JSON.stringify({ messages: MESSAGES, stream: true })
  return openRaw(url, { path, body, headers: { connection: 'close' }, reading: false })
}

/** Takes what there is until the connection is over. */
async function receive({ socket, closed }: RawClient): Promise<string> {
  const pieces: string[] = []
  socket.setEncoding('latin1').on('data', (text: string) => pieces.push(text))
  socket.resume()
  await closed
  return pieces.join('')
}

/** Reads on to the end; a busy machine can make this reader slow too: then it goes on from its last cursor. */
async function restOf(stream: string, cursor: string): Promise<string> {
  await using reading = await attachNative(`${stream}?after=${cursor}`)
  expect(reading.response.status).toBe(200)
  const events: EventSourceMessage[] = []
  for await (const event of reading.events) events.push(event)
  if (events.at(-1)?.event === 'end') return textOf(events)
  const { id } = events.findLast(({ event }) => event === 'text')!
  return textOf(events) + (await restOf(stream, id!))
}

const numbersIn = (text: string): number[] => [...text.matchAll(/<(\d+)>/g)].map(([, number]) => Number(number))

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

describe('a client that never reads', () => {
  test('F42: holds its source back, is detached at its stall deadline, and can resume without a gap', async () => {
    const { source, seen } = counting(ENOUGH_TOKENS)
    await using server = await serveSource(source, {
      stream: { ...LIMITS, onDisconnect: { graceMs: 60_000 } },
      reader: { stallMs: 500, closeGraceMs: 60_000 },
    })
    using client = await openUnread(server.url, '/v1/streams')
    await server.outcome('stalled')
    const held = seen.given * TOKEN_BYTES
    expect(held).toBeLessThan(32 * MIB)
    // What the kernel took still arrives, and the cursor in it stays good.
    const received = await receive(client)
    const id = /sluice-stream-id: (\S+)/i.exec(received)![1]!
    const cursor = [...received.matchAll(/^id: (\S+)\nevent: text\n.*\n\n/gm)].at(-1)![1]!
    const numbers = numbersIn(await restOf(`${server.api}/streams/${id}`, cursor))
    const last = numbersIn(received.slice(0, received.lastIndexOf('\n\n'))).at(-1)!
    expect(numbers).toEqual(range(last + 1, ENOUGH_TOKENS))
  })

  test.each(['/v1/streams', '/v1/chat/completions'])(
    'contract 2: what it reads too late does not look complete (%s)',
    async (path) => {
      const { source } = counting(ENOUGH_TOKENS)
      await using server = await serveSource(source, {
        stream: { ...LIMITS, onDisconnect: { graceMs: 60_000 } },
        reader: { stallMs: 500, closeGraceMs: 60_000 },
      })
      using client = await openUnread(server.url, path)
      await server.outcome('stalled')
      const received = await receive(client)
      const told = /event: closed|"error":\{/.test(received.slice(-2_000))
      const cut = !received.endsWith('\r\n0\r\n\r\n')
      expect({ toldOrCut: told || cut }).toEqual({ toldOrCut: true })
      expect(received.slice(-2_000)).not.toMatch(/\[DONE\]|event: end/)
    },
  )

  test('F42: delays no other reader: while it makes its server wait, another of the same stream gets all of it', async () => {
    const over = Promise.withResolvers<void>()
    const { source } = counting(ENOUGH_TOKENS, over.promise)
    await using server = await serveSource(source, {
      stream: LIMITS,
      reader: { stallMs: 600_000, heartbeatMs: false, closeGraceMs: 100 },
    })
    await using fast = await startNative(server.api, {})
    using _slow = await openRaw(server.url, { method: 'GET', path: `/v1/streams/${fast.id}`, reading: false })
    let length = 0
    while (length < ENOUGH_TOKENS * TOKEN_BYTES) length += textOf(await readUntil(fast, 'text')).length
    // More was said than kernels take: the other one is still there, and far behind.
    expect(server.sluice.stats()).toMatchObject({ delivering: 2 })
    expect(server.outcomes).toEqual([])
    over.resolve()
    await readUntil(fast, 'end')
    expect(server.sluice.stats().delivering).toBe(1)
  })

  test('contract 6: little is held for many of them', async () => {
    const { source } = counting(ENOUGH_TOKENS)
    await using server = await serveSource(source, {
      stream: { windowBytes: 64 * 1024, retentionBytes: MIB },
      reader: { stallMs: 1_500, closeGraceMs: 50 },
    })
    const clients = await Promise.all(Array.from({ length: 8 }, () => openUnread(server.url, '/v1/streams')))
    await server.outcome('stalled')
    expect(server.sluice.stats().store.bytes).toBeLessThan(8 * (MIB + 128 * 1024))
    for (const client of clients) client[Symbol.dispose]()
  })
})

test('F42: a client that reads a byte now and then is detached too', async () => {
  const { source } = counting(ENOUGH_TOKENS)
  await using server = await serveSource(source, {
    stream: { ...LIMITS, onDisconnect: 'cancel' },
    reader: { stallMs: 500, closeGraceMs: 50 },
  })
  using client = await openUnread(server.url, '/v1/streams')
  client.socket.pause()
  const timer = setInterval(() => client.socket.read(1), 20)
  await server.outcome('stalled')
  clearInterval(timer)
  expect(await server.ended).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
})

test('F42: a client that reads in bursts gets everything', async () => {
  const { source } = counting(1_024)
  await using server = await serveSource(source, { stream: LIMITS, reader: { stallMs: 30_000 } })
  using client = await openUnread(server.url, '/v1/streams')
  const timer = setInterval(() => {
    if (client.socket.isPaused()) client.socket.resume()
    else client.socket.pause()
  }, 10)
  const received = await receive(client)
  clearInterval(timer)
  expect(numbersIn(received)).toEqual(range(0, 1_024))
  expect(received.endsWith('\r\n0\r\n\r\n')).toBe(true)
})
