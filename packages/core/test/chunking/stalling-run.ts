import { chunkerOf, type ChunkingPolicy, type PolicyView, type ReaderOptions } from '@sluice/core'
import fc from 'fast-check'
import { chunksOf, createRig, createStallingSink, plainWire, type StallingSink } from '../rig/core-rig.ts'
import type { Burst } from './policy-run.ts'

/** From one time to another, in milliseconds. */
export type Span = readonly [fromMs: number, toMs: number]

/** A peer that reads some bytes, stops, and goes on after a while with some more; in the end it reads everything. */
export interface PeerScript {
  acceptBytes: number
  reads: readonly { afterMs: number; bytes: number }[]
}

/** Of one event: when the source gave it, how long it might wait, when it was written. */
export interface TimedEvent {
  bornMs: number
  boundMs: number
  /** When the policy was asked for its bound. */
  boundAtMs: number
  writtenMs: number
}

/** What came of a run. */
export interface StallingRun {
  events: TimedEvent[]
  /** When the source had yielded, and was not asked for more. */
  held: Span[]
  /** When the sink had asked to wait. */
  waits: Span[]
  /** Views in which the policy was asked to decide. */
  heldViews: number
  sink: StallingSink
  text: string
}

/** A sink that is always ready, or one that stalls again and again. */
export const peerScripts: fc.Arbitrary<PeerScript> = fc.oneof(
  fc.constant({ acceptBytes: Infinity, reads: [] }),
  fc.record({
    acceptBytes: fc.nat({ max: 600 }),
    reads: fc.array(fc.record({ afterMs: fc.nat({ max: 400 }), bytes: fc.integer({ min: 1, max: 900 }) }), {
      maxLength: 8,
    }),
  }),
)

/** How long `span` lasted while the sink was ready. */
export function readyMs([fromMs, toMs]: Span, waits: readonly Span[]): number {
  const waited = waits.map(([from, to]) => Math.max(0, Math.min(to, toMs) - Math.max(from, fromMs)))
  return Math.max(0, toMs - fromMs - waited.reduce((sum, ms) => sum + ms, 0))
}

/** Lets bursts flow, token by token, to one reader whose peer may stall. */
export async function runStalling(
  policy: ChunkingPolicy,
  bursts: readonly Burst[],
  { peer, windowBytes = 65_536, ...reader }: ReaderOptions & { peer: PeerScript; windowBytes?: number | undefined },
): Promise<StallingRun> {
  const { sluice, runtime } = createRig()
  const bornMs: number[] = []
  const held: Span[] = []
  const stream = await sluice.start(
    async function* () {
      for (const { waitMs, tokens } of bursts) {
        if (waitMs > 0) await new Promise<void>((resolve) => runtime.after(waitMs, resolve))
        for (const token of tokens) {
          const yieldedMs = runtime.now()
          bornMs.push(yieldedMs)
          yield token
          held.push([yieldedMs, runtime.now()])
        }
      }
      bornMs.push(runtime.now())
    },
    { as: 'server', windowBytes, deadlines: { firstTokenMs: false, idleMs: false, totalMs: false } },
  )
  const bounds: { boundMs: number; boundAtMs: number }[] = []
  let heldViews = 0
  const watched = watch(policy, {
    bounded: (count, boundMs) => {
      while (bounds.length < count) bounds.push({ boundMs, boundAtMs: runtime.now() })
    },
    asked: (view) => void (heldViews += Number(view.windowHeld)),
  })
  const sink = createStallingSink(peer)
  const { waits, writtenMs } = timeSink(sink, runtime)
  stream.deliver(sink, { wire: plainWire, heartbeatMs: false, stallMs: false, ...reader, chunking: watched })
  for (const { afterMs, bytes } of peer.reads) {
    await runtime.advance(afterMs)
    sink.release(bytes)
  }
  await runtime.advance(1_000)
  sink.release(Infinity)
  await runtime.advance(120_000)
  const chunks = chunksOf(sink)
  const events: TimedEvent[] = []
  for (const [index, { entries }] of chunks.entries()) {
    for (let seq = events.length + 1; seq <= entries.at(-1)!.seq; seq++) {
      // The end needs no bound: it flushes.
      const bound = bounds[seq - 1] ?? { boundMs: policy.maxDelayMs, boundAtMs: bornMs[seq - 1]! }
      events.push({ bornMs: bornMs[seq - 1]!, writtenMs: writtenMs[index]!, ...bound })
    }
  }
  const texts = chunks.flatMap(({ entries }) => entries.map(({ event }) => (event.type === 'text' ? event.text : '')))
  return { events, held, waits, heldViews, sink, text: texts.join('') }
}

/** The same policy, with an ear at what it is asked and answers. */
function watch(
  policy: ChunkingPolicy,
  { bounded, asked }: { bounded: (count: number, boundMs: number) => void; asked: (view: PolicyView) => void },
): ChunkingPolicy {
  const { name, maxDelayMs, pace } = policy
  return {
    name,
    maxDelayMs,
    pace,
    create(reader) {
      const chunker = chunkerOf(policy, reader)
      const { maxTokens, boundMs = maxDelayMs } = chunker
      if (typeof boundMs === 'number') bounded(1_000, boundMs)
      return {
        maxTokens,
        boundMs:
          typeof boundMs === 'number'
            ? boundMs
            : (view) => {
                const answer = boundMs(view)
                bounded(view.position + view.pending, answer)
                return answer
              },
        take(view) {
          asked(view)
          return chunker.take(view)
        },
      }
    },
  }
}

/** Remembers when each write came, and when the sink had asked to wait. */
function timeSink(sink: StallingSink, runtime: { now(): number }): { waits: Span[]; writtenMs: number[] } {
  const waits: Span[] = []
  const writtenMs: number[] = []
  let waitsSinceMs: number | undefined
  const { write, release } = { write: sink.write.bind(sink), release: sink.release.bind(sink) }
  sink.write = (bytes) => {
    writtenMs.push(runtime.now())
    const ready = write(bytes)
    if (!ready) waitsSinceMs ??= runtime.now()
    return ready
  }
  sink.release = (bytes) => {
    release(bytes)
    if (sink.waiting || waitsSinceMs === undefined) return
    waits.push([waitsSinceMs, runtime.now()])
    waitsSinceMs = undefined
  }
  return { waits, writtenMs }
}
