import { type ChunkingPolicy, type ChunkingWishes, createSluice } from '@sluice/core'
import type { Wire } from '@sluice/core/extend'
import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'
import type { NetworkLink } from '@sluice/testing/network-link'

import type { ClientKind } from '../client/client.ts'
import { Frames, type Renderer } from '../client/frames.ts'
import { Line } from '../network/line.ts'
import type { Trace } from '../trace/trace.ts'
import { countedWire } from './counted-wire.ts'
import { Ledger } from './ledger.ts'
import { LineSink } from './line-sink.ts'
import { sourceOf } from './source-of.ts'

/** One stream and its one reader, from the model to the paint. */
export interface WorldParts {
  readonly trace: Trace
  readonly policy: ChunkingPolicy
  readonly wire: Wire
  readonly link: NetworkLink
  readonly client: ClientKind
  readonly renderer: Renderer
  /** What the client wishes of its chunks. */
  readonly wishes?: ChunkingWishes | undefined
  /** Numbers from 0 to 1 for all that is random in it. */
  readonly random: () => number
}

const AS = { owner: 'simulation' }

/**
 * A world of its own, with its own clock: sluice's core as it is, a link, a client. It goes on a step at a time, so that
 * thousands go on side by side and share the turns of the event loop in which promises settle.
 */
export class World {
  readonly ledger: Ledger
  readonly #runtime: VirtualRuntime
  #failure: unknown

  constructor(parts: WorldParts) {
    this.ledger = new Ledger(parts.trace)
    this.#runtime = createVirtualRuntime()
    this.#begin(parts).catch((error: unknown) => (this.#failure = error))
  }

  /** Does what comes next. `false`: all that came was painted. */
  step(): boolean {
    if (this.#failure) throw this.#failure
    if (this.ledger.complete) return false
    if (this.#runtime.step()) return true
    throw new Error(`A simulated stream of ${this.ledger.trace.name} has come to rest before its text was painted.`)
  }

  async #begin({ trace, policy, wire, link, client, renderer, wishes, random }: WorldParts): Promise<void> {
    const { ledger } = this
    const runtime = this.#runtime
    const frames = new Frames(runtime, renderer, random())
    const reader = client(frames, (chars) => ledger.pass('painted', chars, runtime.now()))
    const sink = new LineSink(runtime, new Line(link, random), ledger, (chars, isLast) =>
      isLast ? reader.over() : reader.arrived(chars),
    )
    const sluice = createSluice({
      runtime,
      reader: { chunking: policy, heartbeatMs: false },
      // What a policy throws cuts the reading: whoever wrote it wants to know what that was.
      observers: [{ failed: (_stream, { error }) => (this.#failure ??= error) }],
    })
    const source = sourceOf(trace, runtime, (chars) => ledger.yielded(chars))
    const stream = await sluice.start(source, { as: AS })
    stream.deliver(sink, { wire: countedWire(wire, (chars) => (sink.nextChars = chars)), wishes })
  }
}
