import { performance } from 'node:perf_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { received, startProxied } from '../rig/proxied.ts'

describe('conditions', () => {
  test('latency delays without reordering, jitter included', async () => {
    const { dial } = await startProxied({ toClient: { latencyMs: 60, jitterMs: 30 }, seed: 7 })
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
    const { dial } = await startProxied({ toClient: { bytesPerSecond: 100_000 } })
    const { client, server } = await dial()
    const atClient = received(client)
    const startedMs = performance.now()
    server.end('x'.repeat(30_000))
    expect((await atClient).text).toHaveLength(30_000)
    const tookMs = performance.now() - startedMs
    expect(tookMs).toBeGreaterThanOrEqual(260)
  })

  test('split sends every byte alone', async () => {
    const { dial } = await startProxied({ toClient: { split: 1 } })
    const { client, server } = await dial()
    const atClient = received(client)
    server.end('data: 😀\n\n')
    const { text, chunks } = await atClient
    expect(text).toBe('data: 😀\n\n')
    // The kernel may join two when the machine is busy; most must come alone.
    expect(chunks.filter((length) => length === 1).length).toBeGreaterThanOrEqual(6)
  })

  test('merge gathers small writes, and lets a rest go after a silence', async () => {
    const { dial } = await startProxied({ toClient: { merge: 10 } })
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
    const { proxy, dial } = await startProxied()
    const { client, server } = await dial()
    proxy.set('toServer', { latencyMs: 80 })
    const startedMs = performance.now()
    const atServer = received(server)
    client.end('x')
    await atServer
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(78)
  })
})
