import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { NETWORK_LINKS, startNetworkLink } from '@sluice/testing/network-link'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dialProxy, received, startProxied } from '../rig/proxied.ts'

describe('a loss', () => {
  test('delays what was lost, and all behind it, and nothing else', async () => {
    const { proxy, dial } = await startProxied({ toClient: { lossRate: 1, lossDelayMs: 150 } })
    const { client, server } = await dial()
    const atClient = received(client)
    const startedMs = performance.now()
    server.write('lost ')
    await once(client, 'data')
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(148)
    proxy.set('toClient', { lossRate: 1, lossDelayMs: 10_000 })
    proxy.set('toClient', {})
    server.end('not lost')
    expect((await atClient).text).toBe('lost not lost')
  })

  test('happens to about as many as it should, by seed, and keeps the order', async () => {
    const { dial } = await startProxied({ toClient: { lossRate: 0.5, lossDelayMs: 20 }, seed: 3 })
    const { client, server } = await dial()
    const atClient = received(client)
    const arrivals: number[] = []
    client.on('data', () => arrivals.push(performance.now()))
    for (let index = 0; index < 40; index++) {
      server.write(`${index} `)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    server.end()
    expect((await atClient).text).toBe(Array.from({ length: 40 }, (_, index) => `${index} `).join(''))
    expect(arrivals.length).toBeGreaterThan(10)
  })
})

test('a named link has its latency both ways', async () => {
  const echo = createServer((socket) => socket.pipe(socket))
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  const link = await startNetworkLink({ target: { port: (echo.address() as AddressInfo).port }, link: '4g' })
  onTestFinished(async () => {
    await link.close()
    echo.close()
  })
  const client = await dialProxy(link)
  const startedMs = performance.now()
  client.write('ping')
  await once(client, 'data')
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(2 * NETWORK_LINKS['4g'].latencyMs! - 2)
})
