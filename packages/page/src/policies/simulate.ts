import { adaptive, boundary, type ChunkingPolicy, fixed, immediate } from '@sluice/core'
import { type Ledger, pacingClient, RENDERERS, runWorlds, SOURCE_KINDS, synthetic, World } from '@sluice/simulator'
import { nativeSse } from '@sluice/sse'
import { createRandom, NETWORK_LINKS } from '@sluice/testing/network-link'

import type { Cell, SimulationRequest } from './simulation.ts'

/** Streams of each cell, and tokens of each stream. */
const STREAMS = 8
const TOKENS = 160
const SEED = 20_261_130

const NETWORK_NAMES = ['fibre', '4g', '3g', 'train'] as const

const POLICIES: readonly (readonly [name: string, policy: ChunkingPolicy])[] = [
  ['immediate', immediate()],
  ['adaptive', adaptive()],
  ['words', boundary({ unit: 'word' })],
]

/** Where nobody writes one, another of core's own stands in its place. */
const FOURTH: readonly [string, ChunkingPolicy] = ['fixed 8', fixed({ tokens: 8 })]

/** Runs every policy on every network, on the code of the server and the client; gives how many streams that were. */
export async function simulate({ source, own }: SimulationRequest, onCell: (cell: Cell) => void): Promise<number> {
  const kind = SOURCE_KINDS[source] ?? SOURCE_KINDS.chat!
  const fourth = own.trim() === '' ? FOURTH : ([nameOf(policyIn(own)), policyIn(own)] as const)
  let streams = 0
  for (const network of NETWORK_NAMES) {
    for (const [policy, chunking] of [...POLICIES, fourth]) {
      const ledgers: Ledger[] = []
      const worlds = Array.from({ length: STREAMS }, (_, index) => () => {
        // The same weather and the same text for every policy.
        const random = createRandom(SEED + index)
        const trace = synthetic(source, kind, TOKENS, createRandom(SEED - index - 1))
        const parts = { trace, policy: chunking, wire: nativeSse, link: NETWORK_LINKS[network], random }
        return new World({ ...parts, client: pacingClient, renderer: RENDERERS.quick })
      })
      await runWorlds(worlds, ({ ledger }) => ledgers.push(ledger))
      streams += ledgers.length
      onCell(cellOf(policy, network, ledgers))
    }
  }
  return streams
}

/** What a reader has written as JavaScript. @throws what is wrong with it */
export function policyIn(text: string): ChunkingPolicy {
  // The worker that this runs in has rules of its own, which let it, and let it reach nothing.
  // oxlint-disable-next-line typescript/no-implied-eval -- it is what the text box is for
  const made = new Function(`"use strict"; return (${text.trim().replace(/;$/, '')})`) as () => unknown
  const policy = made()
  const { name, maxDelayMs, take, create } = (policy ?? {}) as Record<string, unknown>
  if (
    typeof name === 'string' &&
    typeof maxDelayMs === 'number' &&
    [take, create].some((each) => typeof each === 'function')
  )
    return policy as ChunkingPolicy
  throw new Error('That is no policy: an object with a name, maxDelayMs, and take or create is.')
}

/** Marked, so that it is not taken for one of core's. */
function nameOf({ name }: ChunkingPolicy): string {
  return `yours: ${name.slice(0, 40)}`
}

function cellOf(policy: string, network: string, ledgers: readonly Ledger[]): Cell {
  const delays = ledgers.flatMap((ledger) => delaysOf(ledger)).sort((one, other) => one - other)
  const at = (part: number): number => delays[Math.min(delays.length - 1, Math.ceil(part * delays.length) - 1)] ?? 0
  const sum = (of: (ledger: Ledger) => number): number => ledgers.reduce((all, ledger) => all + of(ledger), 0)
  const shown = ledgers[0]!
  return {
    policy,
    network,
    delayP50Ms: at(0.5),
    delayP99Ms: at(0.99),
    tokensPerChunk: (ledgers.length * TOKENS) / sum(({ chunks }) => chunks),
    paintsPerSecond: sum(({ paints }) => paints.length) / sum(({ paints }) => Math.max(0.001, spanS(paints))),
    // Those of one paint apart, if only just: a plot has one point at each place.
    atS: Array.from(shown.times.painted, (ms, token) => ms / 1_000 + token * 1e-7),
    delayMs: delaysOf(shown),
  }
}

function delaysOf({ times, trace }: Ledger): number[] {
  return Array.from(times.painted, (paintedMs, token) => paintedMs - trace.atMs[token]!)
}

function spanS(paints: readonly number[]): number {
  return ((paints.at(-1) ?? 0) - (paints[0] ?? 0)) / 1_000
}
