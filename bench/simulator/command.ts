import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { foreignClient, pacingClient, RENDERERS, SOURCE_KINDS, synthetic } from '@sluice/simulator'
import { createRandom } from '@sluice/testing/network-link'

import { describeMachine, type Machine } from '../process/machine.ts'
import { Progress } from '../process/progress.ts'
import { type Matrix, type NamedClient, type NamedSource, simulate } from './matrix/matrix.ts'
import { networkOf, NETWORKS } from './network/networks.ts'
import { loadPolicies, POLICIES } from './matrix/policies.ts'
import { compareWithSockets } from './real/compare.ts'
import { type Situation, situationsOf } from './report/advice.ts'
import { pageOf } from './report/page.ts'
import { tableOf } from './report/table.ts'
import { readTraces } from './trace/recorded.ts'

const HELP = `Simulates chunking policies on networks, in virtual time, on the code of core and of the client's paint loop.

  --policy <file>       also the policies that this module exports; repeat it for more
  --trace <file>        the streams that the gateway recorded with --record, instead of made ones
  --source <name>       ${Object.keys(SOURCE_KINDS).join(', ')}; repeat it for more (default chat, quick, bursts)
  --network <name>      or a .json file: latencyMs, jitterMs, lossRate, lossDelayMs, up, down (bytes a second); repeat it for more
  --client <name>       foreign, pacing, foreign-slow, pacing-slow; repeat it for more (default foreign, pacing)
  --streams <n>         streams of each combination (default 20; 4 with --quick)
  --tokens <n>          tokens of each made stream (default 500)
  --seed <n>            the same seed gives the same numbers (default 1)
  --html <file>         a page with plots
  --json <file>         every number
  --sockets             instead: the same traces simulated and over real sockets, side by side
`

/** Where text is painted as it comes, nobody sees a frame; a client that paces is behind by so much in any case. */
const FRAME_MS = 17
const PACING = { unseenMs: 120, wishes: { maxDelayMs: 120 } }

const CLIENTS: readonly NamedClient[] = [
  { name: 'foreign', kind: foreignClient, renderer: RENDERERS.quick, unseenMs: FRAME_MS },
  { name: 'pacing', kind: pacingClient, renderer: RENDERERS.quick, ...PACING },
  { name: 'foreign-slow', kind: foreignClient, renderer: RENDERERS.slow, unseenMs: FRAME_MS },
  { name: 'pacing-slow', kind: pacingClient, renderer: RENDERERS.slow, ...PACING },
]

const SOURCES = ['chat', 'quick', 'bursts']
const CLIENT_NAMES = ['foreign', 'pacing']
const TOKENS = 500
const [STREAMS, QUICK_STREAMS] = [20, 4]

/** What is simulated where nothing else is asked for. */
export async function simulateDefaults(quick: boolean, seed: number): Promise<Situation[]> {
  const matrix: Matrix = {
    policies: POLICIES,
    networks: NETWORKS,
    sources: SOURCES.map((name) => madeSource(name, TOKENS, seed)),
    clients: CLIENT_NAMES.map((name) => named('--client', CLIENTS, name)),
    streams: quick ? QUICK_STREAMS : STREAMS,
    seed,
  }
  return situationsOf(await simulate(matrix, () => undefined))
}

/** `npm run bench -- policies`. */
export async function simulatePolicies(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      policy: { type: 'string', multiple: true, default: [] },
      trace: { type: 'string' },
      source: { type: 'string', multiple: true, default: SOURCES },
      network: { type: 'string', multiple: true },
      client: { type: 'string', multiple: true, default: CLIENT_NAMES },
      streams: { type: 'string' },
      tokens: { type: 'string', default: String(TOKENS) },
      seed: { type: 'string', default: '1' },
      quick: { type: 'boolean', default: false },
      html: { type: 'string' },
      json: { type: 'string' },
      sockets: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const seed = wholeNumber('--seed', values.seed, 0)
  if (values.sockets) return void process.stdout.write(await compareWithSockets(seed))
  const tokens = wholeNumber('--tokens', values.tokens, 2)
  const own = await Promise.all(values.policy.map(loadPolicies))
  const matrix: Matrix = {
    policies: [...POLICIES, ...own.flat()],
    networks: values.network?.map(networkOf) ?? NETWORKS,
    sources:
      values.trace === undefined
        ? values.source.map((name) => madeSource(name, tokens, seed))
        : [recordedSource(values.trace)],
    clients: values.client.map((name) => named('--client', CLIENTS, name)),
    streams: wholeNumber('--streams', values.streams ?? String(values.quick ? QUICK_STREAMS : STREAMS), 1),
    seed,
  }
  await run(matrix, values)
}

async function run(matrix: Matrix, out: { html?: string | undefined; json?: string | undefined }): Promise<void> {
  const machine = describeMachine()
  const progress = new Progress(process.stderr)
  const startMs = performance.now()
  const cells = await simulate(matrix, (done, all) => progress.at(done, all))
  const about = aboutOf(machine, matrix, (performance.now() - startMs) / 1_000)
  const situations = situationsOf(cells)
  process.stdout.write(`${about.join('\n')}\n\n${tableOf(situations)}`)
  if (out.html !== undefined) writeFileSync(out.html, pageOf(situations, about))
  if (out.json !== undefined) writeFileSync(out.json, `${JSON.stringify({ machine, cells }, null, 1)}\n`)
}

function aboutOf(machine: Machine, { streams, seed }: Matrix, seconds: number): string[] {
  return [
    `sluice ${machine.sluice}, Node ${machine.node}, ${machine.cores} × ${machine.cpu}; load before the run ${machine.loadBefore}; ${seconds.toFixed(1)} s.`,
    `Simulated, ${streams} streams a combination, seed ${seed}: means over the streams. Delays count from when the model had the token.`,
  ]
}

function madeSource(name: string, tokens: number, seed: number): NamedSource {
  const kind = SOURCE_KINDS[name]
  if (!kind) throw new Error(`No source "${name}"; there are ${Object.keys(SOURCE_KINDS).join(', ')}.`)
  return { name, trace: (index) => synthetic(name, kind, tokens, createRandom((seed + 1) * 7_919 + index)) }
}

function recordedSource(file: string): NamedSource {
  const traces = readTraces(file)
  return { name: 'recorded', trace: (index) => traces[index % traces.length]! }
}

function named<Item extends { readonly name: string }>(option: string, items: readonly Item[], name: string): Item {
  const found = items.find((item) => item.name === name)
  if (found) return found
  throw new Error(`${option} must be one of ${items.map((item) => item.name).join(', ')} and is ${name}.`)
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new Error(`${option} must be a whole number from ${least} on and is ${text}.`)
}
