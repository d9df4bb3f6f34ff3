import { attach, connect, hybrid, longPoll, start, type Transport, webSocket } from '@sluice/client'
import { expectedText, hostileText, SEED } from '@sluice/testing'
import { type ChaosCutKind, startChaosProxy } from '@sluice/testing/chaos-proxy'
import { until, untilStill } from '@sluice/testing/patience'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'

import { createCuedSource } from '../rig/cued-source.ts'
import { QUICK } from '../rig/quick.ts'
import { startConnectServer } from '../rig/connect-server.ts'

const TRANSPORTS: readonly Transport[] = [longPoll, webSocket(), connect(), hybrid()]
/** Of each transport: with those of SSE by itself, over two thousand. */
const LEAST_CUTS = 250
const CUTS_PER_STREAM = 150
const MOST_STREAMS = 300
/** Has no divisor in common with how many cuts there are. */
const FROM_STEP = 37

const [script] = fc.sample(
  fc.record({
    tokens: fc.array(hostileText({ loneSurrogates: false, maxPieces: 4 }), { minLength: 1_500, maxLength: 1_500 }),
    cuts: fc.array(
      fc.record({
        how: fc.constantFrom<ChaosCutKind>('rst', 'fin'),
        afterBytes: fc.integer({ min: 1, max: 3_000 }),
      }),
      { minLength: CUTS_PER_STREAM, maxLength: CUTS_PER_STREAM },
    ),
  }),
  { seed: SEED, numRuns: 1 },
)

describe.each(TRANSPORTS)('over $name', (transport) => {
  test('contract 1: a stream is started, read to its end, and read again from its bookmark', async () => {
    const server = await startConnectServer({
      run:
        ({ prompt }) =>
        () => ['You said: ', String(prompt)],
    })
    const statuses: string[] = []
    const onStatus = (status: string): void => void statuses.push(status)
    const stream = start(server.streams, { prompt: 'Hello' }, { transport, onStatus })
    expect(await stream.text()).toBe('You said: Hello')
    expect(statuses).toEqual(['waiting', 'streaming', 'ended'])
    expect(await attach(stream.bookmark!, { transport }).ended).toEqual(stream.end)
    expect(await attach({ id: stream.id! }, { transport, streams: server.streams }).text()).toBe('You said: Hello')
    // What one transport has begun another one ends.
    expect(await attach({ url: stream.bookmark!.url }).text()).toBe('You said: Hello')
  })

  test('contract 1, 2: cut at any byte, over and over, the text is the source’s', async () => {
    const server = await startConnectServer({
      run: () =>
        async function* () {
          for (const token of script!.tokens) {
            yield token
            await new Promise((resolve) => setImmediate(resolve))
          }
        },
      sluice: { limits: { startsPerSecond: 10_000, startBurst: 10_000 } },
    })
    const proxy = await startChaosProxy({ target: { port: server.port }, seed: SEED })
    onTestFinished(() => proxy.close())
    /** Connections that were made again. */
    let cuts = 0
    // What is meant for a connection may hit a socket beside it: of some streams few are cut.
    for (let streams = 1; cuts < LEAST_CUTS && streams <= MOST_STREAMS; streams++) {
      // Each stream begins elsewhere: a cut that hits nothing would be the first of all of them.
      const from = (streams * FROM_STEP) % CUTS_PER_STREAM
      const left = [...script!.cuts.slice(from), ...script!.cuts.slice(0, from)]
      let isFirst = true
      const cutting: Transport = {
        ...transport,
        open(request, listener) {
          const cut = left.shift()
          if (cut) proxy.cut(cut)
          else proxy.heal()
          if (!isFirst) cuts++
          isFirst = false
          return transport.open(request, listener)
        },
      }
      const url = server.streams.replace(String(server.port), String(proxy.port))
      const stream = start(url, {}, { transport: cutting, resume: QUICK })
      let text = ''
      for await (const event of stream) if (event.type === 'text') text += event.text
      expect(text === expectedText(script!.tokens)).toBe(true)
      expect(stream.end).toMatchObject({ complete: true })
    }
    expect(cuts).toBeGreaterThanOrEqual(LEAST_CUTS)
  })

  test('contract 8, 9: a cancel ends it for everyone; leaving ends nothing', async () => {
    const cued = createCuedSource()
    const server = await startConnectServer({ run: () => cued.source })
    cued.say('Hello')
    const stream = start(server.streams, {}, { transport, resume: QUICK })
    for await (const event of stream) if (event.type === 'text') break
    const again = attach(stream.bookmark!, { transport, resume: QUICK })
    await until(() => again.status !== 'connecting')
    expect(await again.cancel()).toMatchObject({ reason: 'cancelled' })
    expect(await again.ended).toMatchObject({ reason: 'cancelled', cause: 'client' })
    await until(() => cued.aborted)
  })

  test('contract 7: a reader that takes nothing holds the source back', async () => {
    let pulled = 0
    async function* source(): AsyncGenerator<string> {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve))
        yield 'x'.repeat(1_000)
        pulled++
      }
    }
    const server = await startConnectServer({ run: () => source })
    const stream = start(server.streams, {}, { transport, buffer: { items: 10, bytes: 20_000 } })
    const still = await untilStill(() => pulled, { above: 5 })
    // Some have no credit of their own: what the sockets of both sides hold is the kernel's, and is bounded too.
    expect(still).toBeLessThan(['connect', 'hybrid'].includes(transport.name) ? 20_000 : 1_000)
    const events = stream[Symbol.asyncIterator]()
    for (let index = 0; index < 40_000 && pulled <= still + 300; index++) await events.next()
    expect(pulled).toBeGreaterThan(still)
    await stream.cancel()
    stream.detach()
  })

  test('contract 2: what is unknown is refused for good', async () => {
    const server = await startConnectServer({ run: () => () => [] })
    const stream = attach({ id: 'unknown' }, { transport, streams: server.streams, resume: QUICK })
    await expect(stream.text()).rejects.toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND' })
  })
})

test('a socket may be brought: it is the one that is read from', async () => {
  const server = await startConnectServer({ run: () => () => ['Hello'] })
  const opened: string[] = []
  const transport = webSocket({
    open(url, protocols) {
      opened.push(`${new URL(url).pathname} ${protocols.join()}`)
      return new WebSocket(url, protocols)
    },
  })
  expect(await start(server.streams, {}, { transport }).text()).toBe('Hello')
  expect(opened).toEqual(['/v1/ws sluice.v1'])
})
