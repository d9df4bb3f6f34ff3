import type { ChunkingWishes } from '@sluice/core'
import { type ClientKind, type Renderer, runWorlds, type Trace, World } from '@sluice/simulator'
import { nativeSse } from '@sluice/sse'
import { createRandom } from '@sluice/testing/network-link'

import { type Figures, figuresOf, meanOf } from './figures.ts'
import type { NamedNetwork } from '../network/networks.ts'
import type { NamedPolicy } from './policies.ts'

/** A source: its streams, each a trace. The `index`th is the same whenever it is asked for. */
export interface NamedSource {
  readonly name: string
  trace(index: number): Trace
}

export interface NamedClient {
  readonly name: string
  readonly kind: ClientKind
  readonly renderer: Renderer
  /** What it wishes of its chunks. */
  readonly wishes?: ChunkingWishes | undefined
  /** Milliseconds by which a median token may be painted later without anybody seeing it. */
  readonly unseenMs: number
}

/** What is combined with what. */
export interface Matrix {
  readonly policies: readonly NamedPolicy[]
  readonly networks: readonly NamedNetwork[]
  readonly sources: readonly NamedSource[]
  readonly clients: readonly NamedClient[]
  /** Streams of each cell. */
  readonly streams: number
  readonly seed: number
}

/** One combination, and what came of its streams. */
export interface Cell {
  readonly policy: string
  readonly network: string
  readonly source: string
  readonly client: string
  readonly unseenMs: number
  readonly figures: Figures
  /** How sure the median delay is: the standard error of its mean over the streams, as a part of it. */
  readonly scatter: number
}

/** Simulates every combination, and gives them in the order of the matrix. The same numbers give the same cells. */
export async function simulate(matrix: Matrix, onProgress: (done: number, all: number) => void): Promise<Cell[]> {
  const combinations = combinationsOf(matrix)
  const figures = combinations.map((): Figures[] => [])
  const all = combinations.length * matrix.streams
  const cellOf = new Map<World, number>()
  let done = 0
  await runWorlds(worldsOf(matrix, combinations, cellOf), (world) => {
    figures[cellOf.get(world)!]!.push(figuresOf(world.ledger))
    cellOf.delete(world)
    onProgress(++done, all)
  })
  return combinations.map(({ policy, network, source, client }, index) => {
    const names = { policy: policy.name, network: network.name, source: source.name, client: client.name }
    const { unseenMs } = client
    return { ...names, unseenMs, figures: meanOf(figures[index]!), scatter: scatterOf(figures[index]!) }
  })
}

interface Combination {
  readonly policy: NamedPolicy
  readonly network: NamedNetwork
  readonly source: NamedSource
  readonly client: NamedClient
}

function combinationsOf({ policies, networks, sources, clients }: Matrix): Combination[] {
  return sources.flatMap((source) =>
    clients.flatMap((client) =>
      networks.flatMap((network) => policies.map((policy) => ({ source, client, network, policy }))),
    ),
  )
}

function* worldsOf(
  { streams, seed }: Matrix,
  combinations: readonly Combination[],
  cellOf: Map<World, number>,
): Generator<() => World> {
  for (let index = 0; index < streams; index++) {
    for (const [cell, { policy, network, source, client }] of combinations.entries()) {
      yield () => {
        // The same weather for every policy: what differs between two cells is what they are about.
        const random = createRandom(seed + index)
        const { kind, renderer, wishes } = client
        const trace = source.trace(index)
        const world = new World({
          trace,
          policy: policy.policy,
          wire: nativeSse,
          link: network.link,
          client: kind,
          renderer,
          wishes,
          random,
        })
        cellOf.set(world, cell)
        return world
      }
    }
  }
}

function scatterOf(all: readonly Figures[]): number {
  if (all.length < 2) return Infinity
  const values = all.map(({ paintedP50Ms }) => paintedP50Ms)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  return Math.sqrt(variance / values.length) / mean
}
