import type { Source, SourceItem } from '@sluice/core'
import { start } from '@sluice/client'
import { expectedText, hostileText, SEED } from '@sluice/testing'
import { type ChaosCutKind, type ChaosProxy, startChaosProxy } from '@sluice/testing/chaos-proxy'
import { startNetworkLink } from '@sluice/testing/network-link'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'

import { QUICK } from '../rig/quick.ts'
import { startStreamServer, type StreamServer } from '../rig/stream-server.ts'

const STREAMS = 25
const CUTS_PER_STREAM = 44
/** The head of an answer has 700 bytes: some connections are cut before it is over, some after many events. */
const MOST_BYTES = 2_500
const KINDS: readonly ChaosCutKind[] = ['rst', 'fin', 'half-close']

const [scripts] = fc.sample(
  fc.array(
    fc.record({
      tokens: fc.array(hostileText({ loneSurrogates: false, maxPieces: 4 }), { minLength: 350, maxLength: 450 }),
      fails: fc.boolean(),
      cuts: fc.array(
        fc.record({ how: fc.constantFrom(...KINDS), afterBytes: fc.integer({ min: 1, max: MOST_BYTES }) }),
        {
          minLength: CUTS_PER_STREAM,
          maxLength: CUTS_PER_STREAM,
        },
      ),
    }),
    { minLength: STREAMS, maxLength: STREAMS },
  ),
  { seed: SEED, numRuns: 1 },
)

/** Gives a token when it is asked for, one a turn: reading and cutting go on at once. */
function sourceOf({ tokens, fails }: { tokens: readonly string[]; fails: boolean }): Source {
  return async function* (): AsyncGenerator<SourceItem> {
    for (const token of tokens) {
      yield token
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (fails) throw new Error('The model broke.')
  }
}

/** A client whose every connection is cut, until there are no cuts left. */
function startCut({ streams, port }: StreamServer, proxy: ChaosProxy, index: number) {
  const cuts = [...scripts![index]!.cuts]
  let connections = 0
  const cutting = (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    connections++
    const cut = cuts.shift()
    if (cut) proxy.cut(cut)
    else proxy.heal()
    return fetch(url, init)
  }
  const url = streams.replace(String(port), String(proxy.port))
  const stream = start(url, { index }, { resume: QUICK, fetch: cutting })
  return { stream, connections: () => connections }
}

test('contract 1, 2: over a thousand cuts, at any byte and of any kind, and the text is the source’s; what failed is told as failed', async () => {
  let connections = 0
  let started = 0
  const server = await startStreamServer({
    run: ({ index }) => {
      const source = sourceOf(scripts![Number(index)]!)
      return (context) => {
        started++
        return source(context)
      }
    },
  })
  for (const [index, { tokens, fails }] of scripts!.entries()) {
    const proxy = await startChaosProxy({ target: { port: server.port }, seed: SEED })
    const cut = startCut(server, proxy, index)
    let text = ''
    for await (const event of cut.stream) if (event.type === 'text') text += event.text
    expect(text).toBe(expectedText(tokens))
    expect(cut.stream.end).toMatchObject(
      fails ? { reason: 'error', complete: false } : { reason: 'stop', complete: true },
    )
    connections += cut.connections()
    await proxy.close()
  }
  // Each stream was run once, however often its start had to be repeated.
  expect(started).toBe(STREAMS)
  expect(connections - STREAMS).toBeGreaterThanOrEqual(1_000)
})

test('contract 1: bytes that come one by one, late and in bursts are the same text', async () => {
  const tokens = scripts![0]!.tokens
  const server = await startStreamServer({ run: () => () => tokens })
  const links = await Promise.all([
    startChaosProxy({ target: { port: server.port }, toClient: { split: 1 } }),
    startChaosProxy({ target: { port: server.port }, toClient: { merge: 100_000 } }),
    startNetworkLink({
      target: { port: server.port },
      link: { latencyMs: 5, jitterMs: 20, lossRate: 0.2, lossDelayMs: 30 },
    }),
  ])
  onTestFinished(async () => void (await Promise.all(links.map((link) => link.close()))))
  const texts = links.map(({ port }) => start(server.streams.replace(String(server.port), String(port)), {}).text())
  expect(await Promise.all(texts)).toEqual(links.map(() => expectedText(tokens)))
})
