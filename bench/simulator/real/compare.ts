import { adaptive, immediate } from '@sluice/core'
import { foreignClient, type Ledger, RENDERERS, runWorlds, SOURCE_KINDS, synthetic, World } from '@sluice/simulator'
import { nativeSse } from '@sluice/sse'
import { createRandom, NETWORK_LINKS } from '@sluice/testing/network-link'

import { percentiles } from '../../traffic/percentiles.ts'
import { playOverSockets } from './play.ts'

const LINKS = ['fibre', '4g', 'satellite'] as const
const POLICIES = { immediate: immediate(), adaptive: adaptive() }
const [STREAMS, TOKENS] = [40, 200]

/** Until the first token had arrived, and how long the slowest hundredth took, in milliseconds since the model had them. */
interface Arrivals {
  readonly firstMs: number
  readonly p99Ms: number
}

/** The same traces simulated and over real sockets, as Markdown: what a simulation is worth. */
export async function compareWithSockets(seed: number): Promise<string> {
  const traces = Array.from({ length: STREAMS }, (_, index) =>
    synthetic('chat', SOURCE_KINDS['chat']!, TOKENS, createRandom(seed + index)),
  )
  const lines: string[] = []
  for (const name of LINKS) {
    for (const [policyName, policy] of Object.entries(POLICIES)) {
      const link = NETWORK_LINKS[name]
      const simulated: Ledger[] = []
      const worlds = traces.map((trace, index) => () => {
        const random = createRandom(seed + index)
        return new World({
          trace,
          policy,
          link,
          random,
          wire: nativeSse,
          client: foreignClient,
          renderer: RENDERERS.quick,
        })
      })
      await runWorlds(worlds, ({ ledger }) => simulated.push(ledger))
      const real = await playOverSockets(traces, { policy, link, seed })
      const [here, there] = [arrivalsOf(simulated), arrivalsOf(real)]
      lines.push(
        `| ${name} | ${policyName} | ${show(here.firstMs, there.firstMs)} | ${show(here.p99Ms, there.p99Ms)} |`,
      )
    }
  }
  return [
    `${STREAMS} streams of ${TOKENS} tokens at 40 tokens a second, simulated and over sockets through the same links.`,
    '',
    '| network | policy | first token, ms: simulated, real | p99 token, ms: simulated, real |',
    '|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}

function arrivalsOf(ledgers: readonly Ledger[]): Arrivals {
  const delays = ledgers.map(({ trace, times }) => times.arrived.map((atMs, token) => atMs - trace.atMs[token]!))
  return {
    firstMs: delays.reduce((sum, { 0: first = NaN }) => sum + first, 0) / delays.length,
    p99Ms: percentiles(delays.flatMap((some) => [...some])).p99,
  }
}

function show(simulated: number, real: number): string {
  const percent = Math.round(100 * (real / simulated - 1))
  return `${simulated.toFixed(1)}, ${real.toFixed(1)} (${percent < 0 ? '−' : '+'} ${Math.abs(percent)} %)`
}
