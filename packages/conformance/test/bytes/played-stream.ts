import { createMemoryStore, createSluice, type ReaderOptions, type Sluice, type TokenStream } from '@sluice/core'
import type { Wire, WireFacts } from '@sluice/core/extend'
import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'

import { type EventScript, sourceOf } from './event-scripts.ts'

/** Who starts and reads. */
export const ADA = { owner: 'ada' } as const
/** Stands for the 26 characters of a stream's id, which are random. */
export const ID = '<id>'

/** Longer than a turn, shorter than the silence of a script. */
const HEARTBEAT_MS = 1_000
const TURN_MS = 1
/** What every wire stores with a stream. */
const FACTS = { created: 1_700_000_000, model: 'vector-1' } as const

/** A script whose source is at its beginning, on a clock that stands. */
export interface PlayedStream {
  readonly runtime: VirtualRuntime
  readonly sluice: Sluice
  readonly stream: TokenStream
  playTurn(): Promise<void>
  /** Plays the turns that are left, and the end. */
  play(): Promise<void>
}

/** Starts a script as a stream of this wire. */
export async function startScript(
  script: EventScript,
  wire: Pick<Wire, 'name'>,
  reader: ReaderOptions = {},
): Promise<PlayedStream> {
  const runtime = createVirtualRuntime()
  // As a store is whose streams other processes have too: readers that can go on there are told so when it drains.
  const store = Object.assign(createMemoryStore({ runtime }), { shared: true })
  const sluice = createSluice({ runtime, store, reader: { heartbeatMs: HEARTBEAT_MS, ...reader } })
  const source = sourceOf(
    script,
    (_, silenceMs) => new Promise((resolve) => runtime.after(TURN_MS + silenceMs, resolve)),
  )
  const facts = factsOf(script)
  const stream = await sluice.start(source, {
    as: ADA,
    meta: { title: 'A "vector"' },
    wire: facts && { name: wire.name, facts },
  })
  let played = 0
  async function playTurn(): Promise<void> {
    const turn = script.turns[played++]!
    await runtime.advance(TURN_MS + ('silenceMs' in turn ? turn.silenceMs : 0))
  }
  async function play(): Promise<void> {
    while (played < script.turns.length) await playTurn()
    await runtime.advance(TURN_MS)
    if (!script.cancelled) return
    const cancelled = sluice.cancel({ id: stream.id }, { as: ADA })
    await runtime.flush()
    await cancelled
    await runtime.flush()
  }
  return { runtime, sluice, stream, playTurn, play }
}

/** What the wire stores with a script's stream. */
export function factsOf({ facts }: EventScript): (WireFacts & typeof FACTS) | undefined {
  return facts === null ? undefined : { ...FACTS, ...facts }
}
