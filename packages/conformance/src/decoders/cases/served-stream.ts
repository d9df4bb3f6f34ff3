import { createSluice, fixed, immediate, type Source, type TokenStream } from '@sluice/core'
import type { DeliverOptions } from '@sluice/core/extend'
import { toResponse } from '@sluice/sse'
import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'

import type { DecodedWire } from './decoded-wire.ts'

/** What a source does, in order. */
export type Step = { readonly says: string } | { readonly silenceMs: number } | 'fails'

/** Silence after which a reader is shown that its connection is alive, but for the jitter. */
export const HEARTBEAT_MS = 15_000

/** How a stream is played to its first reader. */
export interface ServeOptions {
  /** All that is said is merged, as far as it may be. Default: each token leaves by itself. */
  readonly merged?: boolean | undefined
  /** Its reading is closed then, before the stream is over. */
  readonly closesAfterMs?: number | undefined
  /** Why. Default: the server drains. */
  readonly closesWith?: 'draining' | 'rotate' | undefined
}

/** A stream that was played to its end, and its readings as the bodies of responses. */
export interface ServedStream {
  /** What the reader was sent who came first, while it ran. */
  readonly live: Uint8Array
  /** What a reader is sent who comes now: from the start, or after an id. */
  again(id?: string): Promise<Uint8Array>
}

const ADA = { owner: 'ada' } as const
const FACTS = { created: 1_700_000_000, model: 'm-1', includeUsage: true }
const MIB = 1024 * 1024
const TOKEN_MS = 1
const MERGE_MS = 10_000

/** Plays `steps` as a stream, with a reader from its beginning, on a clock of its own. */
export async function serveStream(
  wire: DecodedWire,
  steps: readonly Step[],
  { merged = false, closesAfterMs, closesWith = 'draining' }: ServeOptions = {},
): Promise<ServedStream> {
  const runtime = createVirtualRuntime()
  const sluice = createSluice({
    runtime,
    // As large as they may be: what is promised of lines is no matter of defaults.
    stream: { maxEventBytes: MIB, windowBytes: 4 * MIB, retentionBytes: 16 * MIB, onDisconnect: 'continue' },
    reader: { heartbeatMs: HEARTBEAT_MS, maxChunkBytes: 4 * MIB, queueBytes: 4 * MIB },
  })
  const stream = await sluice.start(sourceOf(steps, runtime), {
    as: ADA,
    wire: { name: wire.wire.name, facts: { ...FACTS, ...wire.facts } },
    deadlines: { firstTokenMs: false, idleMs: false, totalMs: false },
  })
  const chunking = merged ? fixed({ tokens: 65_536, maxDelayMs: MERGE_MS }) : immediate()
  const live = bodyOf(stream, { wire: wire.wire, chunking, ids: wire.ids })
  if (closesAfterMs !== undefined) {
    await runtime.advance(closesAfterMs)
    stream.detach(closesWith)
  }
  await runtime.advance(steps.reduce((sum, step) => sum + durationOf(step), MERGE_MS))
  return {
    live: await live,
    async again(id) {
      const after = id === undefined ? undefined : (wire.wire.cursorOfId?.(id, stream.id) ?? id)
      const reading = await sluice.attach({ id: stream.id }, { as: ADA, after })
      const continues = after !== undefined
      // Who comes with an id wants ids.
      const body = bodyOf(reading, { wire: wire.wire, chunking: immediate(), ids: wire.ids || continues, continues })
      await runtime.flush()
      return await body
    },
  }
}

function durationOf(step: Step): number {
  return typeof step === 'object' && 'silenceMs' in step ? step.silenceMs : TOKEN_MS
}

function sourceOf(steps: readonly Step[], runtime: VirtualRuntime): Source {
  return async function* () {
    for (const step of steps) {
      await new Promise<void>((resolve) => runtime.after(durationOf(step), resolve))
      if (step === 'fails') throw new Error('the runner has failed')
      if ('says' in step) yield step.says
    }
  }
}

/** The body of a response that delivers a reading. */
async function bodyOf(stream: Pick<TokenStream, 'deliver'>, options: DeliverOptions): Promise<Uint8Array> {
  const response = toResponse({
    status: 200,
    headers: {},
    queueBytes: 4 * MIB,
    deliver: (sink) => stream.deliver(sink, options),
  })
  return await response.bytes()
}
