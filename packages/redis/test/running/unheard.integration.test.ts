import { connect, createServer, type Server, type Socket } from 'node:net'

import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { Tap } from '../faults/rig/counting-source.ts'
import { Instance } from '../faults/rig/instance.ts'
import { eventually } from '../faults/rig/watched.ts'

let server: RedisServer
beforeAll(async () => void (server = await startRedisServer()))
afterAll(() => server.close())

/** Passes everything on, but for what was published while it keeps that back: as some proxies do. */
async function startSwallower(): Promise<{ url: string; swallows: boolean } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const swallower: Server = createServer((client) => {
    const redis = connect(server.port, server.host)
    for (const socket of [client, redis]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => (client.destroy(), redis.destroy()))
    }
    client.on('data', (bytes) => redis.write(bytes))
    redis.on('data', (bytes) => {
      if (!proxy.swallows || !bytes.includes('$7\r\nmessage\r\n')) client.write(bytes)
    })
  })
  await new Promise<void>((resolve) => swallower.listen(0, '127.0.0.1', resolve))
  const { port } = swallower.address() as { port: number }
  const proxy = {
    url: `redis://127.0.0.1:${port}`,
    swallows: true,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => swallower.close(resolve))
    },
  }
  return proxy
}

test('what is published and not heard, with no error anywhere, is noticed; and that it is heard again, too', async () => {
  await using proxy = await startSwallower()
  await using here = new Instance({ url: proxy.url, commandMs: 500, lookEveryMs: 100 })
  await here.store.ready()
  expect(here.warnings).toEqual([
    expect.stringMatching(/does not wake this process \(what it said was not heard in 500 ms\)/),
  ])
  expect(here.store.health?.()).toBe('degraded')
  // It wakes others all the same: they may hear.
  await using there = new Instance({ url: server.url, lookEveryMs: 60_000 })
  const tap = new Tap()
  const { id } = await here.start(tap.source)
  const remote = await there.read({ id })
  tap.pour(3)
  await remote.reached(3)
  await there.sluice.cancel({ id }, { as: 'server' })
  await here.abortOf(id)
  proxy.swallows = false
  await eventually('wake-ups', () => here.store.health?.() === 'ok')
  expect(here.warnings.at(-1)).toBe('Redis wakes this process again.')
})
