import type { ChunkingPolicy, ChunkingWishes } from '@sluice/core'
import { attach, connect, hybrid, measured, sse, start, type Transport, webSocket } from '@sluice/client'
import { startNetworkLink } from '@sluice/testing/network-link'
import { until } from '@sluice/testing/patience'
import { describe, expect, onTestFinished, test } from 'vitest'

import { startConnectServer } from '../rig/connect-server.ts'
import { createCuedSource } from '../rig/cued-source.ts'
import { QUICK } from '../rig/quick.ts'

interface Seen {
  wishes: ChunkingWishes
  rttMs: number | undefined
  paintRate: number | undefined
}

/** A server whose policy notes what it knows of its client. */
async function startSeeing() {
  const cued = createCuedSource()
  const seen: Seen[] = []
  const chunking: ChunkingPolicy = {
    name: 'seeing',
    maxDelayMs: 50,
    take({ wishes, rttMs, paintRate }) {
      seen.push({ wishes, rttMs, paintRate })
      return Infinity
    },
  }
  const server = await startConnectServer({ run: () => cued.source, sluice: { reader: { chunking } } })
  return { server, cued, seen }
}

const SLOW = { connection: () => ({ effectiveType: '2g' }) }
/** A poll is answered with what there is: no policy is asked. */
const WAYS: readonly Transport[] = [sse, webSocket(), connect(), hybrid()]

describe.each(WAYS)('over $name', (way) => {
  test('the server’s policy sees what the client wishes, and a wish of the application wins', async () => {
    const { server, cued, seen } = await startSeeing()
    const transport = measured(way, SLOW)
    const stream = start(server.streams, { prompt: 'Hello' }, { transport, resume: QUICK })
    await until(() => stream.bookmark)
    cued.say('Hello')
    await until(() => seen.length > 0)
    expect(seen.at(-1)!.wishes).toEqual({ maxDelayMs: 250 })
    const wished = attach(
      { url: stream.bookmark!.url },
      { transport, resume: QUICK, wishes: { maxDelayMs: 7, maxTokens: 9 } },
    )
    const before = seen.length
    await until(() => wished.status !== 'connecting')
    cued.say('again')
    await until(() => seen.slice(before).some(({ wishes }) => wishes.maxTokens === 9))
    expect(seen.slice(before).map(({ wishes }) => wishes)).toContainEqual({ maxDelayMs: 7, maxTokens: 9 })
    cued.finish()
    expect(await wished.text()).toBe('Helloagain')
    await stream.ended
  })
})

test('what is written in the body wins, and a start that is sent again is the same one', async () => {
  const { server, cued, seen } = await startSeeing()
  const bodies: string[] = []
  let paints = 0
  const noting: typeof fetch = async (url, init) => {
    if (init?.method !== 'POST') return fetch(url, init)
    bodies.push(init.body as string)
    if (bodies.length === 1) throw new TypeError('lost')
    return fetch(url, init)
  }
  const transport = measured(sse, { connection: () => ({ rtt: 30 * ++paints * 30 }) })
  const body = { sluice: { maxDelayMs: 3, key: 'chat' } }
  const stream = start(server.streams, body, { transport, resume: QUICK, fetch: noting, wishes: { maxTokens: 5 } })
  await until(() => stream.bookmark)
  cued.say('x')
  await until(() => seen.length > 0)
  expect(seen[0]!.wishes).toEqual({ maxDelayMs: 3, maxTokens: 5 })
  expect(bodies.length).toBe(2)
  expect(bodies[1]).toBe(bodies[0])
  cued.finish()
  await stream.ended
})

describe('with each ack the server is told what was measured', () => {
  test.each(WAYS)('over $name', async (way) => {
    const { server, cued, seen } = await startSeeing()
    const first = start(server.streams, {})
    await until(() => first.bookmark)
    const transport = measured(way)
    const stream = attach({ url: first.bookmark!.url }, { transport, resume: QUICK })
    await until(() => stream.status !== 'connecting')
    const events = stream[Symbol.asyncIterator]()
    await until(async () => {
      cued.say('x')
      await events.next()
      expect(await stream.ack({ credit: 1_000 })).toBe(1)
      return seen.some(({ paintRate, rttMs }) => paintRate !== undefined && rttMs !== undefined)
    })
    // The application knows better.
    await stream.ack({ credit: 1_000, paintRate: 17, rttMs: 1_234 })
    const before = seen.length
    await until(() => {
      cued.say('y')
      return seen.slice(before).some(({ paintRate, rttMs }) => paintRate === 17 && rttMs === 1_234)
    })
    await stream.cancel()
    stream.detach()
    first.detach()
  })
})

test('the round trip is that of the network between, and what it takes is asked of the server', async () => {
  const { server, cued, seen } = await startSeeing()
  const link = await startNetworkLink({ target: { port: server.port }, link: { latencyMs: 90 } })
  onTestFinished(() => link.close())
  const first = start(server.streams, {})
  await until(() => first.bookmark)
  const url = first.bookmark!.url.replace(String(server.port), String(link.port))
  const transport = measured(sse)
  const measuring = attach({ url }, { transport, resume: QUICK })
  await until(() => measuring.status === 'waiting')
  const stream = attach({ url }, { transport, resume: QUICK })
  await until(() => stream.status !== 'connecting')
  cued.say('x')
  await until(() => seen.some(({ wishes }) => wishes.maxDelayMs !== undefined))
  // A third of 180 ms at the least: a busy machine makes it longer.
  for (const { wishes } of seen)
    if (wishes.maxDelayMs !== undefined) expect(wishes.maxDelayMs).toBeGreaterThanOrEqual(60)
  cued.finish()
  await Promise.all([first, measuring, stream].map(({ ended }) => ended))
})
