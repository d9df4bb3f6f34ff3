import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type ChaosProxy, type ChaosProxyOptions, startChaosProxy } from '@sluice/testing/chaos-proxy'
import { afterEach, describe, expect, test } from 'vitest'

const disposables: (() => unknown)[] = []
afterEach(async () => {
  for (const dispose of disposables.splice(0).reverse()) await dispose()
})

/** A server whose end of each connection the test holds, behind a proxy. */
async function start(
  options: Partial<ChaosProxyOptions> = {},
): Promise<{ proxy: ChaosProxy; dial: () => Promise<Pair> }> {
  const served: Socket[] = []
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => {})
    served.push(socket)
    server.emit('served', socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const proxy = await startChaosProxy({ target: { port: (server.address() as AddressInfo).port }, ...options })
  disposables.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => served.forEach((socket) => socket.destroy()),
    () => proxy.close(),
  )
  const dial = async (): Promise<Pair> => {
    const accepted = once(server, 'served') as Promise<[Socket]>
    const client = await dialOnly(proxy)
    return new Pair(client, (await accepted)[0])
  }
  return { proxy, dial }
}

async function dialOnly({ port }: ChaosProxy): Promise<Socket> {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  client.on('error', () => {})
  disposables.push(() => client.destroy())
  await once(client, 'connect')
  return client
}

class Pair {
  readonly client: Socket
  readonly server: Socket
  constructor(client: Socket, server: Socket) {
    this.client = client
    this.server = server
  }
}

/** Everything a socket receives until its other end closes, and how it closed. */
async function received(socket: Socket): Promise<{ text: string; chunks: number[]; how: string }> {
  const parts: Buffer[] = []
  socket.on('data', (bytes: Buffer) => parts.push(bytes))
  const how = await Promise.race([
    once(socket, 'end').then(() => 'fin'),
    new Promise<string>((resolve) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!))),
  ])
  return { text: Buffer.concat(parts).toString(), chunks: parts.map((part) => part.length), how }
}

test('forwards both ways and passes on each end by itself', async () => {
  const { proxy, dial } = await start()
  const { client, server } = await dial()
  const [atClient, atServer] = [received(client), received(server)]
  client.end('question')
  expect(await atServer).toMatchObject({ text: 'question', how: 'fin' })
  expect(proxy.connections()).toEqual([{ id: 1, bytesToClient: 0, bytesToServer: 8 }])
  server.end('answer')
  expect(await atClient).toMatchObject({ text: 'answer', how: 'fin' })
  await expect.poll(() => proxy.connections()).toEqual([])
  expect(proxy.accepted).toBe(1)
})

test('passes on a reset in order: what was said before still arrives', async () => {
  const { dial } = await start({ toClient: { latencyMs: 30 } })
  const { client, server } = await dial()
  const atClient = received(client)
  server.write('first and ')
  await once(client, 'data')
  server.write('last words', () => server.resetAndDestroy())
  expect(await atClient).toMatchObject({ text: 'first and last words', how: 'ECONNRESET' })
})

test('a client that resets is known to the server at once', async () => {
  const { dial } = await start()
  const { client, server } = await dial()
  const atServer = received(server)
  client.resetAndDestroy()
  expect((await atServer).how).toBe('ECONNRESET')
})

test('a target that refuses resets the client', async () => {
  const { proxy } = await start({ target: { port: 1 } })
  const client = await dialOnly(proxy)
  expect((await received(client)).how).toBe('ECONNRESET')
  await expect.poll(() => proxy.connections()).toEqual([])
})

describe('conditions', () => {
  test('latency delays without reordering, jitter included', async () => {
    const { dial } = await start({ toClient: { latencyMs: 60, jitterMs: 30 }, seed: 7 })
    const { client, server } = await dial()
    const atClient = received(client)
    const startedMs = performance.now()
    for (let index = 0; index < 10; index++) {
      server.write(`${index} `)
      await setTimeout(5)
    }
    server.end()
    expect((await atClient).text).toBe('0 1 2 3 4 5 6 7 8 9 ')
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(50 + 60 - 2)
  })

  test('bandwidth limits how fast bytes arrive', async () => {
    const { dial } = await start({ toClient: { bytesPerSecond: 100_000 } })
    const { client, server } = await dial()
    const atClient = received(client)
    const startedMs = performance.now()
    server.end('x'.repeat(30_000))
    expect((await atClient).text).toHaveLength(30_000)
    const tookMs = performance.now() - startedMs
    expect(tookMs).toBeGreaterThanOrEqual(260)
  })

  test('split sends every byte alone', async () => {
    const { dial } = await start({ toClient: { split: 1 } })
    const { client, server } = await dial()
    const atClient = received(client)
    server.end('data: 😀\n\n')
    const { text, chunks } = await atClient
    expect(text).toBe('data: 😀\n\n')
    // The kernel may join two when the machine is busy; most must come alone.
    expect(chunks.filter((length) => length === 1).length).toBeGreaterThanOrEqual(6)
  })

  test('merge gathers small writes, and lets a rest go after a silence', async () => {
    const { dial } = await start({ toClient: { merge: 10 } })
    const { client, server } = await dial()
    const atClient = received(client)
    for (const piece of ['abcd', 'efgh', 'ijkl']) {
      server.write(piece)
      await setImmediate()
    }
    await setTimeout(60)
    server.end()
    const { text, chunks } = await atClient
    expect(text).toBe('abcdefghijkl')
    expect(chunks.length).toBeLessThanOrEqual(2)
  })

  test('can be changed while a connection is open', async () => {
    const { proxy, dial } = await start()
    const { client, server } = await dial()
    proxy.set('toServer', { latencyMs: 80 })
    const startedMs = performance.now()
    const atServer = received(server)
    client.end('x')
    await atServer
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(78)
  })
})

describe('cuts', () => {
  test.each([
    ['rst', 'ECONNRESET', 'ECONNRESET'],
    ['fin', 'fin', 'fin'],
  ] as const)('%s after so many bytes, to the byte, for both sides', async (how, seenByClient, seenByServer) => {
    const { proxy, dial } = await start()
    const { client, server } = await dial()
    const [atClient, atServer] = [received(client), received(server)]
    server.write('already through ')
    await once(client, 'data')
    proxy.cut({ how, afterBytes: 5 })
    server.write('12345678')
    expect(await atClient).toMatchObject({ text: 'already through 12345', how: seenByClient })
    expect((await atServer).how).toBe(seenByServer)
    const again = await dial()
    again.server.end('unharmed, for the cut is used up')
    expect((await received(again.client)).text).toBe('unharmed, for the cut is used up')
  })

  test('every connection, until healed', async () => {
    const { proxy, dial } = await start()
    proxy.cut({ how: 'rst', afterBytes: 2, every: true, direction: 'toServer' })
    for (let round = 0; round < 2; round++) {
      const { client, server } = await dial()
      client.write('abc')
      expect(await received(server)).toMatchObject({ text: 'ab', how: 'ECONNRESET' })
    }
    proxy.heal()
    const { client, server } = await dial()
    client.end('abc')
    expect((await received(server)).text).toBe('abc')
  })

  test('half-close ends one direction; the other works, and the sender is not told', async () => {
    const { proxy, dial } = await start()
    const { client, server } = await dial()
    proxy.cut({ how: 'half-close' })
    expect((await received(client)).how).toBe('fin')
    server.write('to nobody')
    const atServer = received(server)
    client.end('still heard')
    expect(await atServer).toMatchObject({ text: 'still heard', how: 'fin' })
    server.end()
    await expect.poll(() => proxy.connections()).toEqual([])
  })

  test('at once, all open connections', async () => {
    const { proxy, dial } = await start()
    const pairs = [await dial(), await dial()]
    const ends = pairs.map(({ client }) => received(client))
    proxy.cut({ how: 'rst' })
    expect((await Promise.all(ends)).map(({ how }) => how)).toEqual(['ECONNRESET', 'ECONNRESET'])
    await expect.poll(() => proxy.connections()).toEqual([])
  })
})

test('a blackhole carries neither bytes nor ends; healed, it carries them on, also for connections made meanwhile', async () => {
  const { proxy, dial } = await start()
  const { client, server } = await dial()
  let told = 0
  server.on('data', () => told++).on('end', () => told++)
  proxy.blackhole()
  client.end('lost in space')
  const waiting = await dialOnly(proxy)
  waiting.write('hello?')
  await setTimeout(50)
  expect([told, proxy.accepted, proxy.connections().length]).toEqual([0, 2, 2])
  const atServer = received(server)
  proxy.heal()
  expect(await atServer).toMatchObject({ text: 'lost in space', how: 'fin' })
  await expect.poll(() => proxy.connections().find(({ id }) => id === 2)?.bytesToServer).toBe(6)
})

test('a swallowed chunk never arrives; the connection can be cut right after it', async () => {
  const { proxy, dial } = await start()
  const { client, server } = await dial()
  const swallowed = proxy.swallowOne()
  server.write('+OK\r\n')
  expect(Buffer.from(await swallowed).toString()).toBe('+OK\r\n')
  const atClient = received(client)
  server.write('+SECOND\r\n')
  await once(client, 'data')
  void proxy.swallowOne({ thenCut: 'rst' })
  server.write('+THIRD\r\n')
  expect(await atClient).toMatchObject({ text: '+SECOND\r\n', how: 'ECONNRESET' })
})

test('a pause makes the sender wait; memory stays bounded and nothing is lost', async () => {
  const { proxy, dial } = await start()
  const { client, server } = await dial()
  proxy.pause('toClient')
  const block = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  while (server.write(block) && sent < 64 * 1024 * 1024) sent += block.length
  await setTimeout(30)
  expect(server.writableNeedDrain).toBe(true)
  expect(proxy.connections()[0]!.bytesToClient).toBe(0)
  const atClient = received(client)
  proxy.resume()
  server.end()
  expect((await atClient).text).toHaveLength(sent + block.length)
})

test('a client that does not read slows the server down', async () => {
  const { dial } = await start()
  const { client, server } = await dial()
  client.pause()
  const block = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  for (let stalled = false; !stalled;) {
    sent += block.length
    if (!server.write(block))
      stalled = await Promise.race([once(server, 'drain').then(() => false), setTimeout(300, true)])
  }
  // Six sockets' kernel buffers and our own queue: tens of megabytes would mean that something is unbounded.
  expect(sent).toBeLessThan(32 * 1024 * 1024)
  const atClient = received(client)
  client.resume()
  server.end()
  expect((await atClient).text).toHaveLength(sent)
})

test('close ends everything, also what waits', async () => {
  const { proxy, dial } = await start()
  const { client } = await dial()
  const swallowed = proxy.swallowOne()
  const closed = once(client, 'close')
  await proxy.close()
  expect(await swallowed).toHaveLength(0)
  expect(proxy.connections()).toEqual([])
  client.destroy()
  await closed
})
