import type { ChunkingPolicy, ReaderOptions } from '@sluice/core'
import { eventBytes } from '@sluice/core/extend'
import fc from 'fast-check'
import { chunksOf, type CollectingSink, createCollectingSink, createRig, plainWire, type Rig } from '../rig/core-rig.ts'

/** Tokens that become readable in one turn, some time after those before. */
export interface Burst {
  waitMs: number
  tokens: string[]
}

/** A chunk as it was written: which events (seqs), and when. */
export interface WrittenChunk {
  fromSeq: number
  toSeq: number
  atMs: number
  text: string
}

/** What came of a run. */
export interface PolicyRun {
  chunks: WrittenChunk[]
  /** When the event of each seq became readable; index 0 is seq 1. The last is the end's. */
  arrivals: number[]
  tokens: string[]
  sink: CollectingSink
  rig: Rig
}

/** Any short token of valid text. */
const token = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', ' the', ' cat', '.', '\n', ' 3', '你好', '。', 'é') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }) },
)

/** Bursts with silences between them, none, short or long. */
export function bursts(): fc.Arbitrary<Burst[]> {
  const waitMs = fc.oneof(fc.constant(0), fc.nat({ max: 30 }), fc.nat({ max: 300 }))
  const burst = fc.record({ waitMs, tokens: fc.array(token, { minLength: 1, maxLength: 24 }) })
  return fc.array(burst, { minLength: 1, maxLength: 8 })
}

/** Remembers when each write came. */
function timed(rig: Rig): { sink: CollectingSink; times: number[] } {
  const sink = createCollectingSink()
  const times: number[] = []
  const write = sink.write.bind(sink)
  sink.write = (bytes) => {
    times.push(rig.runtime.now())
    return write(bytes)
  }
  return { sink, times }
}

/** Lets `runs` bursts flow to one reader that always takes everything. */
export async function runPolicy(
  chunking: ChunkingPolicy,
  list: readonly Burst[],
  options: ReaderOptions & { rig?: Rig; tailMs?: number } = {},
): Promise<PolicyRun> {
  const { rig = createRig(), tailMs = 60_000, ...readerOptions } = options
  const { sluice, runtime } = rig
  const arrivals: number[] = []
  const { sink, times } = timed(rig)
  const stream = await sluice.start(
    async function* () {
      for (const { waitMs, tokens } of list) {
        if (waitMs > 0) await new Promise<void>((resolve) => runtime.after(waitMs, resolve))
        for (const _ of tokens) arrivals.push(runtime.now())
        yield tokens
      }
      arrivals.push(runtime.now())
    },
    { as: 'server', deadlines: { firstTokenMs: false, idleMs: false, totalMs: false } },
  )
  stream.deliver(sink, { wire: plainWire, chunking, heartbeatMs: false, ...readerOptions })
  const lastsMs = list.reduce((sum, { waitMs }) => sum + waitMs, 0)
  await runtime.advance(lastsMs + tailMs)
  let seq = 0
  const chunks = chunksOf(sink).map(({ entries }, index) => {
    const fromSeq = seq + 1
    seq = entries.at(-1)!.seq
    const text = entries.map(({ event }) => (event.type === 'text' ? event.text : '')).join('')
    return { fromSeq, toSeq: seq, atMs: times[index]!, text }
  })
  return { chunks, arrivals, tokens: list.flatMap(({ tokens }) => tokens), sink, rig }
}

/** What every policy owes (contract 1, 10): all events, in order, in whole, within the time and the byte bound. */
export function assertLawful(
  { chunks, arrivals, tokens, sink }: PolicyRun,
  bound: { maxDelayMs: number; maxChunkBytes: number },
): void {
  const slackMs = 1e-6
  let next = 1
  for (const { fromSeq, toSeq, atMs, text } of chunks) {
    if (fromSeq !== next) throw new Error(`a chunk began at ${fromSeq}, not at ${next}`)
    const held = tokens.slice(fromSeq - 1, toSeq)
    if (text !== held.join('')) throw new Error(`chunk ${fromSeq}..${toSeq} holds ${JSON.stringify(text)}`)
    const waitedMs = atMs - arrivals[fromSeq - 1]!
    if (waitedMs > bound.maxDelayMs + slackMs) throw new Error(`event ${fromSeq} waited ${waitedMs} ms`)
    const bytes = held.reduce((sum, token) => sum + eventBytes(token), 0)
    if (held.length > 1 && bytes > bound.maxChunkBytes) throw new Error(`a chunk of ${bytes} bytes`)
    next = toSeq + 1
  }
  if (next !== tokens.length + 2) throw new Error(`${next - 1} of ${tokens.length + 1} events were written`)
  if (!sink.closed) throw new Error('the sink was not closed')
  sink.assertContract()
}
