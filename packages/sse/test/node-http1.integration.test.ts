import { Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

import { expect, test } from 'vitest'

import { fill, probe, type Probe, quiet } from './rig/plan-probe.ts'
import { connectRaw, request, serve, type WireServer } from './rig/wire-clients.ts'

const GET = 'GET / HTTP/1.1\r\nHost: sluice\r\n\r\n'
const PIECE = `data: ${'x'.repeat(1000)}\n\n`

/** A server, and the probes of the first `count` requests to come. */
async function serveProbes(count: number): Promise<{ server: WireServer; probes: Promise<Probe[]> }> {
  const probes: Probe[] = []
  const arrived = Promise.withResolvers<Probe[]>()
  const server = await serve('HTTP/1.1', (response) => {
    if (probes.push(probe(response)) === count) arrived.resolve(probes)
  })
  return { server, probes: arrived.promise }
}

/** The body as node's own client reads it, which refuses a chunk that is not framed as it must be. */
async function readStrictly(port: number, agent: Agent): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent }, resolve).on('error', reject)
  })
  return text(response)
}

test('a client that has said all it will (FIN) counts as gone, though it still reads', async () => {
  const { server, probes } = await serveProbes(1)
  await using _ = server
  const { socket } = connectRaw(server.port)
  socket.end(GET)
  const [probed] = await probes
  await probed!.over
  expect(probed!.lost()).toBe(1)
})

test('a FIN while the client reads nothing leaves the writer waiting within its bound, until it is destroyed', async () => {
  const { server, probes } = await serveProbes(1)
  await using _ = server
  const { socket } = connectRaw(server.port)
  socket.pause()
  socket.write(GET)
  const [probed] = await probes
  await fill(probed!, PIECE)
  socket.end()
  await quiet()
  while (probed!.sink.write(PIECE) && probed!.lost() === 0);
  expect(probed!.response.writableLength).toBeLessThan(20 * 1024)
  probed!.sink.destroy()
  await probed!.over
  expect(probed!.lost()).toBe(1)
})

test('a pipelined response is bounded while it waits for the one before, then flows', async () => {
  const { server, probes } = await serveProbes(2)
  await using _ = server
  const { socket, raw } = connectRaw(server.port)
  socket.write(GET + GET)
  const [first, second] = (await probes) as [Probe, Probe]
  expect(second.response.socket).toBeNull()
  let writes = 1
  while (second.sink.write(PIECE)) writes++
  expect(second.response.writableLength).toBeLessThan(18 * 1024)
  const drained = second.sink.drained()
  first.sink.write('data: first\n\n')
  await quiet()
  first.sink.close()
  await Promise.all([drained, first.over])
  second.sink.close()
  await second.over
  await quiet()
  expect(raw().indexOf('first')).toBeLessThan(raw().indexOf('xxx'))
  expect(raw().split(PIECE)).toHaveLength(writes + 1)
  expect([first.lost(), second.lost()]).toEqual([1, 1])
})

test.each(['idle', 'waiting'])(
  'a pipelined response settles when the client leaves before its turn, %s',
  async (when) => {
    const { server, probes } = await serveProbes(2)
    await using _ = server
    const { socket, reset } = connectRaw(server.port)
    socket.write(GET + GET)
    const [first, second] = (await probes) as [Probe, Probe]
    if (when === 'waiting') while (second.sink.write(PIECE));
    const drained = second.sink.drained()
    reset()
    await Promise.all([first.over, second.over, drained])
    expect([first.lost(), second.lost()]).toEqual([1, 1])
    expect(second.response.req.socket.listenerCount('close')).toBeLessThanOrEqual(2)
  },
)

test('a pipelined response that is destroyed before its turn takes the connection with it', async () => {
  const { server, probes } = await serveProbes(2)
  await using _ = server
  const { socket } = connectRaw(server.port)
  socket.write(GET + GET)
  const [first, second] = (await probes) as [Probe, Probe]
  second.sink.destroy()
  await Promise.all([first.over, second.over])
  expect([first.lost(), second.lost()]).toEqual([1, 1])
})

test('what is done to a finished response does not touch the next one on its connection', async () => {
  const { server, probes } = await serveProbes(2)
  await using _ = server
  const { socket, raw } = connectRaw(server.port)
  socket.write(GET)
  await quiet()
  socket.write(GET)
  await quiet()
  const [first, second] = (await probes) as [Probe, Probe]
  first.sink.close()
  await first.over
  await quiet()
  first.sink.write('late')
  first.sink.destroy()
  second.sink.write('data: second\n\n')
  second.sink.close()
  await second.over
  await quiet()
  expect(raw()).toContain('second')
  expect(raw()).not.toContain('late')
  expect(raw().endsWith('0\r\n\r\n')).toBe(true)
  socket.destroy()
})

test('HTTP/1.0: a cut is a reset, for an end of the connection would look whole', async () => {
  const { server, probes } = await serveProbes(1)
  await using _ = server
  const { socket, raw } = connectRaw(server.port)
  const errors: unknown[] = []
  socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
  socket.write('GET / HTTP/1.0\r\n\r\n')
  const [probed] = await probes
  probed!.sink.write('data: a\n\n')
  await quiet()
  expect(raw()).toContain('data: a')
  const closed = new Promise((resolve) => socket.on('close', resolve))
  probed!.sink.destroy()
  await Promise.all([closed, probed!.over])
  expect(errors).toEqual(['ECONNRESET'])
  expect(probed!.lost()).toBe(1)
})

test.each([false, true])(
  'a strict client reads every byte, twice on one connection (write replaced: %s)',
  async (replaced) => {
    const pieces = [
      'data: a\n\n',
      'data: é日😀\n\n',
      new TextEncoder().encode('data: ü\r\n\r\n'),
      'x'.repeat(5000),
      Uint8Array.of(10),
    ]
    const ports = new Set<number | undefined>()
    await using server = await serve('HTTP/1.1', (response, { socket }) => {
      ports.add(socket.remotePort)
      const write = response.write.bind(response) as (chunk: unknown, encoding?: unknown) => boolean
      if (replaced) response.write = (chunk: unknown, encoding?: unknown): boolean => write(chunk, encoding)
      const { sink } = probe(response)
      for (const piece of pieces) sink.write(piece)
      setImmediate(() => {
        for (const piece of pieces) sink.write(piece)
        sink.close()
      })
    })
    const expected = Buffer.concat([...pieces, ...pieces].map((piece) => Buffer.from(piece))).toString()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect(await readStrictly(server.port, agent)).toBe(expected)
    expect(await readStrictly(server.port, agent)).toBe(expected)
    expect(ports.size).toBe(1)
    agent.destroy()
  },
)

test('the head goes out before there is a byte of the body', async () => {
  const { server, probes } = await serveProbes(1)
  await using _ = server
  const client = request(server)
  client.read()
  await probes
  await quiet()
  expect(client.raw()).toMatch(/^HTTP\/1.1 200 OK\r\ncontent-type: text\/event-stream[^]*\r\n\r\n$/)
})

test('writes of one turn travel together, head included', async () => {
  const arrived = Promise.withResolvers<Probe>()
  await using server = await serve('HTTP/1.1', (response) => {
    const probed = probe(response)
    for (let count = 0; count < 5; count++) probed.sink.write('data: a\n\n')
    arrived.resolve(probed)
  })
  const client = request(server)
  client.read()
  const { sink, over, response } = await arrived.promise
  await quiet()
  expect(client.raw().split('data: a')).toHaveLength(6)
  expect(response.writableLength).toBe(0)
  sink.close()
  await over
})
