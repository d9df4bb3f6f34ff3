import {
  createMemoryStore,
  type EndEvent,
  type Sluice,
  type SluiceOptions,
  type Source,
  type SourceItem,
} from '@sluice/core'
import type { DeliverOptions, Log } from '@sluice/core/extend'
import {
  chunksOf,
  type CollectingSink,
  createCollectingSink,
  createRig,
  createVirtualRuntime,
  plainWire,
  textOf,
  type VirtualRuntime,
} from './core-rig.ts'
import { logOf } from './world.ts'

/** One poll, and what became of it. */
export interface Poll {
  readonly sink: CollectingSink
  /** True once it is answered, or has broken off. */
  readonly over: boolean
  readonly text: string
  /** The code of `closed`, if it was told one. */
  readonly code: string | undefined
  /** Where the next one goes on. */
  readonly cursor: string
  /** The client leaves without its answer. */
  leave(): void
}

/** A stream that says what it is told to, and how it is polled. */
export interface PolledWorld {
  readonly runtime: VirtualRuntime
  readonly sluice: Sluice
  readonly id: string
  readonly log: Log
  readonly say: (...items: SourceItem[]) => void
  readonly finish: () => void
  /** How many items the source has given. */
  readonly given: () => number
  readonly end: () => EndEvent | undefined
  readonly outcomes: string[]
  poll(cursor?: string, options?: Partial<DeliverOptions>): Promise<Poll>
}

const SERVER = { as: 'server' } as const

/** What a source says that a test drives. */
export function createTalker(): {
  source: Source
  say: (...items: SourceItem[]) => void
  finish: () => void
  given: () => number
} {
  const items: (SourceItem | undefined)[] = []
  let given = 0
  let wake = (): void => {}
  const source: Source = async function* ({ signal }) {
    signal.addEventListener('abort', () => wake())
    for (;;) {
      if (signal.aborted) return
      if (items.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      else {
        const item = items.shift()
        if (item === undefined) return
        given++
        yield item
      }
    }
  }
  const add = (...added: (SourceItem | undefined)[]): void => {
    items.push(...added)
    wake()
  }
  return { source, say: add, finish: () => add(undefined), given: () => given }
}

/** Begins a stream that nobody has read yet. */
export async function startPolled(options: SluiceOptions = {}): Promise<PolledWorld> {
  const talker = createTalker()
  const outcomes: string[] = []
  let end: EndEvent | undefined
  const runtime = createVirtualRuntime()
  const store = options.store ?? createMemoryStore({ runtime })
  const { sluice } = createRig({
    runtime,
    store,
    observers: [
      {
        ended: (_, told) => void (end = told.end),
        detached: (_, { outcome }) => void outcomes.push(outcome),
      },
    ],
    ...options,
    stream: { deadlines: { firstTokenMs: false, idleMs: false, totalMs: false }, ...options.stream },
  })
  const { id } = await sluice.start(talker.source, SERVER)
  return {
    runtime,
    sluice,
    id,
    log: logOf(store, id),
    say: talker.say,
    finish: talker.finish,
    given: talker.given,
    end: () => end,
    outcomes,
    poll: (cursor, how) => pollOnce(sluice, { id, cursor }, how),
  }
}

/** One poll of a stream. */
export async function pollOnce(
  sluice: Sluice,
  { id, cursor }: { id: string; cursor?: string | undefined },
  options: Partial<DeliverOptions> = {},
): Promise<Poll> {
  const stream = await sluice.attach(cursor === undefined ? { id } : { cursor }, SERVER)
  const sink = createCollectingSink()
  let over = false
  const connection = stream.deliver(sink, {
    wire: plainWire,
    waitMs: 30_000,
    heartbeatMs: false,
    onOver: () => (over = true),
    ...options,
  })
  return {
    sink,
    get over() {
      if (over) connection.lost()
      return over
    },
    get text() {
      return textOf(sink)
    },
    get code() {
      return chunksOf(sink).find(({ kind }) => kind === 'closed')?.code
    },
    get cursor() {
      return stream.position
    },
    leave: () => connection.lost(),
  }
}
