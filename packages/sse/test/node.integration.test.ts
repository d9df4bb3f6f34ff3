import { describe, expect, it, test } from 'vitest'

import { fill, listenersOf, probe, type Probe, quiet } from './rig/plan-probe.ts'
import { type Protocol, request, serve, type WireClient, type WireServer } from './rig/wire-clients.ts'

const QUEUE_BYTES = 16 * 1024
const PIECE = `data: ${'x'.repeat(1000)}\n\n`

interface Scene extends AsyncDisposable {
  server: WireServer
  client: WireClient
  probe: Probe
  /** The listeners that carrying out the plan added and that are still there. */
  ownListeners: () => unknown[]
}

/** One request whose response carries out a plan. */
async function scene(protocol: Protocol, plan: Parameters<typeof probe>[1] = {}): Promise<Scene> {
  const arrived = Promise.withResolvers<Pick<Scene, 'probe' | 'ownListeners'>>()
  const server = await serve(protocol, (response) => {
    const before = listenersOf(response)
    const probed = probe(response, plan)
    const own = listenersOf(response).difference(before)
    arrived.resolve({ probe: probed, ownListeners: () => [...own.intersection(listenersOf(response))] })
  })
  const client = request(server)
  return { server, client, ...(await arrived.promise), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe.each<Protocol>(['HTTP/1.1', 'HTTP/2'])('a response over %s', (protocol) => {
  it('sends what is written, ends as a whole, and says so once', async () => {
    await using s = await scene(protocol)
    s.client.read()
    s.probe.sink.write('data: héllo\n\n')
    s.probe.sink.write(new TextEncoder().encode('data: wörld\n\n'))
    s.probe.sink.write('')
    s.probe.sink.close()
    s.probe.sink.close()
    s.probe.sink.write('late')
    await s.probe.over
    expect(await s.client.ending).toBe('whole')
    expect(s.client.raw()).toContain('héllo')
    expect(s.client.raw()).toContain('wörld')
    expect(s.client.raw()).not.toContain('late')
    await quiet()
    expect(s.probe.lost()).toBe(1)
  })

  it('leaves no listener but one that swallows late errors', async () => {
    await using s = await scene(protocol)
    expect(s.ownListeners()).not.toEqual([])
    s.client.read()
    s.probe.sink.close()
    await s.probe.over
    await quiet()
    expect(s.ownListeners()).toEqual([])
    expect(s.probe.response.listenerCount('error')).toBe(1)
  })

  it('holds the writer back at its bound, in bytes, while the client does not read, and loses nothing', async () => {
    await using s = await scene(protocol)
    const piece = `data: ${'日'.repeat(300)}\n\n`
    const writes = await fill(s.probe, piece)
    const queued = s.probe.response.writableLength
    expect(queued).toBeGreaterThan(QUEUE_BYTES / 2)
    expect(queued).toBeLessThan(QUEUE_BYTES + 2 * Buffer.byteLength(piece))
    const drained = s.probe.sink.drained()
    s.client.read()
    await drained
    expect(s.probe.response.writableLength).toBeLessThanOrEqual(QUEUE_BYTES / 2)
    s.probe.sink.close()
    expect(await s.client.ending).toBe('whole')
    expect(s.client.raw().split('日'.repeat(300))).toHaveLength(writes + 1)
  })

  it('drains though middleware has replaced write and drops callbacks', async () => {
    await using s = await scene(protocol)
    const { response } = s.probe
    const write = response.write.bind(response) as (chunk: unknown) => boolean
    response.write = (chunk: unknown): boolean => write(chunk)
    await fill(s.probe, PIECE)
    const drained = s.probe.sink.drained()
    s.client.read()
    await drained
  })

  it.each(['idle', 'waiting', 'closing'] as const)(
    'settles and tells it once when the client leaves while %s',
    async (when) => {
      await using s = await scene(protocol)
      if (when !== 'idle') await fill(s.probe, PIECE)
      const drained = s.probe.sink.drained()
      if (when === 'closing') s.probe.sink.close()
      await quiet()
      s.client.leave()
      await Promise.all([s.probe.over, drained])
      expect(s.probe.lost()).toBe(1)
      expect(s.probe.sink.write('late')).toBe(true)
      await s.probe.sink.drained()
      s.probe.sink.close()
      s.probe.sink.destroy()
      await quiet()
      expect(s.probe.lost()).toBe(1)
      expect(s.ownListeners()).toEqual([])
      expect(s.probe.response.listenerCount('error')).toBe(1)
    },
  )

  it.each(['waiting', 'closing'] as const)('settles when all sockets are destroyed while %s', async (when) => {
    await using s = await scene(protocol)
    await fill(s.probe, PIECE)
    const drained = s.probe.sink.drained()
    if (when === 'closing') s.probe.sink.close()
    s.server.closeAllConnections()
    await Promise.all([s.probe.over, drained])
    expect(s.probe.lost()).toBe(1)
  })

  it.each(['open', 'waiting', 'closing'] as const)(
    'never looks whole to the client when destroyed while %s',
    async (when) => {
      await using s = await scene(protocol)
      s.probe.sink.write(PIECE)
      await quiet()
      if (when !== 'open') await fill(s.probe, PIECE)
      if (when === 'closing') s.probe.sink.close()
      s.probe.sink.destroy()
      s.probe.sink.destroy()
      await s.probe.over
      s.client.read()
      expect(await s.client.ending).toBe('cut')
      expect(s.probe.lost()).toBe(1)
    },
  )

  it('writes on after the client left and before that is known', async () => {
    await using s = await scene(protocol)
    s.client.read()
    await quiet()
    s.client.leave()
    while (s.probe.lost() === 0) {
      if (!s.probe.sink.write(PIECE)) await s.probe.sink.drained()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await s.probe.over
    expect(s.probe.lost()).toBe(1)
  })

  it('keeps what middleware put into headers that are lists', async () => {
    const arrived = Promise.withResolvers<Probe>()
    await using server = await serve(protocol, (response) => {
      response.setHeader('Vary', ['Origin', 'Accept'])
      response.setHeader('X-Request-Id', '7')
      arrived.resolve(probe(response))
    })
    request(server).read()
    const { response } = await arrived.promise
    expect(String(response.getHeader('vary') ?? (response as { _header?: string })._header)).toContain(
      'Origin,Accept, Authorization, Cookie, Last-Event-ID',
    )
    expect(response.getHeader('x-request-id')).toBe('7')
  })

  it('has a head and nothing else when HEAD was asked for, and calls nobody', async () => {
    const arrived = Promise.withResolvers<Probe>()
    await using server = await serve(protocol, (response) => arrived.resolve(probe(response)))
    const client = request(server, 'HEAD')
    client.read()
    const { over, lost } = await arrived.promise
    await over
    expect(await client.ending).toBe('whole')
    expect(lost()).toBe(0)
  })

  it('tells it at once when the client had left before', async () => {
    const arrived = Promise.withResolvers<Probe>()
    await using server = await serve(protocol, (response) => {
      response.once('close', () => setImmediate(() => arrived.resolve(probe(response))))
    })
    const client = request(server)
    await quiet()
    client.leave()
    const { sink, over, lost } = await arrived.promise
    await over
    expect(lost()).toBe(1)
    expect(sink.write('late')).toBe(true)
    await sink.drained()
  })

  it('is cut when deliver throws, and passes that on', async () => {
    const arrived = Promise.withResolvers<Promise<void>>()
    await using server = await serve(protocol, (response) => {
      const deliver = (): never => {
        throw new RangeError('no')
      }
      const { over } = probe(response, { deliver })
      arrived.resolve(over)
      over.catch(() => undefined)
    })
    const client = request(server)
    client.read()
    await expect(arrived.promise.then((over) => over)).rejects.toThrow(RangeError)
    expect(await client.ending).toBe('cut')
  })
})

test('a bound that is none is refused before anything is sent', async () => {
  const arrived = Promise.withResolvers<unknown>()
  await using server = await serve('HTTP/1.1', (response) => {
    const { over } = probe(response, { queueBytes: 0 })
    void over.catch((error: unknown) => {
      arrived.resolve([error, response.headersSent])
      response.end()
    })
  })
  request(server).read()
  expect(await arrived.promise).toMatchObject([{ code: 'SLUICE_ERR_OPTION' }, false])
})
