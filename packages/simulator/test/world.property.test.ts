import { adaptive, type ChunkingPolicy, fixed, immediate } from '@sluice/core'
import {
  carried,
  type ClientKind,
  foreignClient,
  type Ledger,
  pacingClient,
  RENDERERS,
  runWorlds,
  SOURCE_KINDS,
  synthetic,
  type Trace,
  World,
} from '@sluice/simulator'
import { nativeSse } from '@sluice/sse'
import { createRandom, NETWORK_LINKS, type NetworkLink } from '@sluice/testing/network-link'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

interface Situation {
  trace: Trace
  policy?: ChunkingPolicy
  link?: NetworkLink
  client?: ClientKind
  seed?: number
}

async function ledgerOf({
  trace,
  policy = immediate(),
  link = {},
  client = foreignClient,
  seed = 1,
}: Situation): Promise<Ledger> {
  const ledgers: Ledger[] = []
  const random = createRandom(seed)
  const world = (): World =>
    new World({ trace, policy, link, client, wire: nativeSse, renderer: RENDERERS.quick, random })
  await runWorlds([world], (done) => ledgers.push(done.ledger))
  return ledgers[0]!
}

function evenly(tokens: number, everyMs: number, chars = 4): Trace {
  const atMs = Float64Array.from({ length: tokens }, (_, token) => 10 + token * everyMs)
  return { name: 'even', atMs, chars: new Uint16Array(tokens).fill(chars) }
}

const SHORT = fc.record({
  tokens: fc.integer({ min: 2, max: 120 }),
  kind: fc.constantFrom(...Object.keys(SOURCE_KINDS)),
  network: fc.constantFrom(...Object.values(NETWORK_LINKS)),
  policy: fc.constantFrom(immediate(), adaptive(), adaptive({ maxDelayMs: 400 }), fixed({ tokens: 7 })),
  client: fc.constantFrom(foreignClient, pacingClient),
  seed: fc.nat(),
})

describe('a simulated stream', () => {
  test('passes every station in order, whole, whatever it is made of', async () => {
    await fc.assert(
      fc.asyncProperty(SHORT, async ({ tokens, kind, network, policy, client, seed }) => {
        const trace = synthetic(kind, SOURCE_KINDS[kind]!, tokens, createRandom(seed))
        const { times, carriedBytes, chars } = await ledgerOf({ trace, policy, link: network, client, seed })
        for (let token = 0; token < tokens; token++) {
          const [written, arrived, painted] = [times.written[token]!, times.arrived[token]!, times.painted[token]!]
          expect(written).toBeGreaterThanOrEqual(trace.atMs[token]!)
          expect(arrived).toBeGreaterThanOrEqual(written + (network.latencyMs ?? 0))
          expect(painted).toBeGreaterThanOrEqual(arrived)
        }
        expect(carriedBytes).toBeGreaterThan(chars)
      }),
      { numRuns: 60 },
    )
  })

  test('is the same for the same seed', async () => {
    const trace = synthetic('chat', SOURCE_KINDS['chat']!, 100, createRandom(7))
    const of = async (seed: number): Promise<Float64Array> =>
      (await ledgerOf({ trace, link: NETWORK_LINKS.train, seed })).times.painted
    expect(await of(3)).toEqual(await of(3))
    expect(await of(3)).not.toEqual(await of(4))
  })

  test('waits for what the policy waits for, and no longer', async () => {
    const { times, chunks } = await ledgerOf({ trace: evenly(40, 5), policy: fixed({ tokens: 4, maxDelayMs: 100 }) })
    // The head of the answer is a write of its own; the end travels with the last tokens.
    expect(chunks).toBe(1 + 10)
    expect([...times.written.slice(0, 8)]).toEqual([25, 25, 25, 25, 45, 45, 45, 45])
  })

  test('is as slow as its line', async () => {
    const bytesPerSecond = 1_000
    const { times, chunks } = await ledgerOf({ trace: evenly(20, 1), link: { latencyMs: 30, down: bytesPerSecond } })
    expect(chunks).toBe(1 + 20)
    const perChunkMs = times.arrived[11]! - times.arrived[10]!
    // A chunk is a packet here: its headers take their time too.
    expect(perChunkMs).toBeGreaterThan((1_000 * carried(4).bytes) / bytesPerSecond)
    expect(times.arrived[0]!).toBeGreaterThanOrEqual(30 + perChunkMs)
  })

  test('is held back where the line takes no more', async () => {
    const { heldByServer, times } = await ledgerOf({ trace: evenly(40, 0, 20_000), link: { down: 1_000_000 } })
    // 800 kB of text at 1 MB/s, of which the line takes 256 KiB at once: core holds its window, the source waits.
    expect(heldByServer).toBeLessThan(200_000)
    expect(times.written.at(-1)! - times.written[0]!).toBeGreaterThan(300)
  })

  test('fails with what its policy throws', async () => {
    const take = (): number => {
      throw new Error('my own mistake')
    }
    const policy: ChunkingPolicy = { name: 'mine', maxDelayMs: 50, take }
    await expect(ledgerOf({ trace: evenly(5, 1), policy })).rejects.toThrow(/my own mistake/)
  })
})
