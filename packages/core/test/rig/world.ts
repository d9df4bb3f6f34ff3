import assert from 'node:assert/strict'
import {
  createMemoryStore,
  createSluice,
  isSluiceError,
  type EndEvent,
  type Runtime,
  type Sluice,
  type SluiceOptions,
  type Store,
  type TokenStream,
} from '@sluice/core'
import type { Connection, DeliverOptions, Log, Wire } from '@sluice/core/extend'
import { createVirtualRuntime, type VirtualRuntime } from '../../../testing/src/index.ts'
import { LineSink, type PeerSpeed } from './line-sink.ts'
import { lineWire, type Received, type Understood, understandLines } from './line-wire.ts'

/** One process with its own clock and store. */
export interface World<Time extends Runtime = VirtualRuntime> {
  runtime: Time
  store: Store
  sluice: Sluice
}

/** Turns that may read the clock at one instant before that counts as a loop that never ends. */
const MAX_LOOKS_PER_INSTANT = 500_000

/** A virtual runtime that throws out of a loop in which time stands still, instead of hanging the test. */
export function createGuardedRuntime(): VirtualRuntime {
  const runtime = createVirtualRuntime()
  let atMs = 0
  let looks = 0
  const now = (): number => {
    const nowMs = runtime.now()
    looks = nowMs === atMs ? looks + 1 : 0
    atMs = nowMs
    if (looks > MAX_LOOKS_PER_INSTANT) throw new Error(`the clock was read ${looks} times at ${nowMs} ms: a livelock`)
    return nowMs
  }
  return Object.create(runtime, { now: { value: now } }) as VirtualRuntime
}

// The jitter of heartbeats is the one thing that no seed repeats; heartbeat.property.test.ts gives it every value.
Math.random = () => 0.5

/** Makes a world; give `runtime` and `store` to make a second process of the same one. */
export function createWorld(options: SluiceOptions = {}): World {
  const runtime = (options.runtime as VirtualRuntime | undefined) ?? createGuardedRuntime()
  return createWorldOn(runtime, options)
}

/** The same on any runtime. */
export function createWorldOn<Time extends Runtime>(runtime: Time, options: SluiceOptions = {}): World<Time> {
  const store = options.store ?? createMemoryStore({ runtime })
  const limits = { startsPerSecond: 10_000, startBurst: 10_000, ...options.limits }
  return { runtime, store, sluice: createSluice({ ...options, store, runtime, limits }) }
}

/** The log of a stream in a store of this process. */
export function logOf(store: Store, id: string): Log {
  const found = store.find({ tenant: '', id })
  assert.ok(!(found instanceof Promise) && found.is === 'stream', `the stream ${id} is not in the store`)
  return found.stream.log
}

/** One delivery of a stream to a sink. */
export interface Serving {
  stream: TokenStream
  sink: LineSink
  connection: Connection
  /** Settles when the transport is gone, whoever went first. */
  over: Promise<void>
  /** What has arrived. */
  understood(missing?: number): Understood
  /** When each write that brought entries was made, and how far it went. */
  chunks(): { atMs: number; seq: number }[]
}

/** How a delivery is made. */
export interface ServeOptions extends Partial<DeliverOptions> {
  speed?: PeerSpeed | undefined
  /** Called after each write. */
  onWrite?: ((sink: LineSink) => void) | undefined
  understand?: ((text: string) => Understood) | undefined
}

/** Delivers `stream` to a new sink. */
export function serve(runtime: Runtime, stream: TokenStream, options: ServeOptions = {}): Serving {
  const { speed, onWrite, understand = understandLines, wire = lineWire, ...deliver } = options
  const sink = new LineSink(runtime, speed)
  sink.onWrite = () => onWrite?.(sink)
  const over = new Promise<void>((resolve) => (sink.onOver = resolve))
  const connection = stream.deliver(sink, { wire, ...deliver })
  sink.join(connection)
  const understood = (missing?: number): Understood => understand(sink.received(missing))
  const chunks = (): { atMs: number; seq: number }[] =>
    sink.written.flatMap(({ atMs, text }) => {
      const seq = understand(`${sink.written[0]!.text}${text}`).entries.at(-1)?.seq
      return seq === undefined ? [] : [{ atMs, seq }]
    })
  return { stream, sink, connection, over, understood, chunks }
}

/** One reading of a reader that drops. */
export interface ReadingPlan {
  /** The network goes after this many writes; never, if there are fewer. */
  dropAfterWrites: number
  /** Whether it goes in the middle of the write, or a moment later. */
  inside: boolean
  /** Bytes on the way that are lost with it. */
  missingBytes: number
  awayMs: number
  speed?: PeerSpeed | undefined
}

/** What one reader has got, over all its readings. */
export interface ReaderStory {
  entries: Received[]
  end: EndEvent | undefined
  /** Codes of `closed`, and of attaches that were refused. */
  codes: string[]
  problems: string[]
  readings: number
}

/** How a reader reads. */
export interface ReadOptions extends ServeOptions {
  id: string
  plans: readonly ReadingPlan[]
  /** Where the first reading begins. Default: the start. */
  cursor?: string | undefined
  wire?: Wire | undefined
}

/** Reads to the end, dropping as planned and resuming with the cursor of the last complete entry. */
export async function readWithDrops(
  { runtime, sluice }: World<Runtime>,
  { id, plans, cursor: from, ...options }: ReadOptions,
): Promise<ReaderStory> {
  const story: ReaderStory = { entries: [], end: undefined, codes: [], problems: [], readings: 0 }
  let cursor = from
  while (!story.end) {
    const plan = plans[story.readings++]
    let stream: TokenStream
    try {
      stream = await sluice.attach(cursor === undefined ? { id } : { cursor }, { as: 'server' })
    } catch (error) {
      assert.ok(isSluiceError(error), `attach rejected with ${String(error)}`)
      story.codes.push(error.code)
      return story
    }
    if (stream.exhausted) {
      story.codes.push('exhausted')
      return story
    }
    const serving = serve(runtime, stream, {
      ...options,
      speed: plan?.speed,
      continues: cursor !== undefined,
      onWrite: (sink) => {
        if (!plan || sink.writes < plan.dropAfterWrites) return
        if (plan.inside) sink.drop()
        else runtime.after(1, () => sink.drop())
      },
    })
    await serving.over
    note(story, serving, plan)
    cursor = story.entries.at(-1)?.cursor ?? cursor
    const last = story.codes.at(-1)
    if (last === 'trimmed' || last === 'storage' || last === 'epoch') return story
    if (plan && plan.awayMs > 0) await new Promise<void>((resolve) => void runtime.after(plan.awayMs, resolve))
  }
  return story
}

function note(story: ReaderStory, { sink, understood }: Serving, plan: ReadingPlan | undefined): void {
  const { entries, closed, problems } = understood(sink.state === 'lost' ? plan?.missingBytes : 0)
  story.entries.push(...entries)
  story.problems.push(...problems)
  if (sink.writesWhileWaiting > 0) story.problems.push('wrote past a sink that had asked to wait')
  if (closed) story.codes.push(closed.code)
  const last = entries.at(-1)?.event
  if (last?.type === 'end') story.end = last
  if (story.readings > 20) throw new Error(`a reading was cut though nobody dropped it: ${sink.state}`)
}

/** Lets everything happen: hours pass until nothing is left to do. */
export async function toQuiescence(runtime: VirtualRuntime, limitMs = 100 * 3_600_000): Promise<void> {
  for (let passed = 0; ; passed += 3_600_000) {
    await runtime.flush()
    if (runtime.pendingTimers === 0 && runtime.pendingDeferred === 0) return
    if (passed > limitMs) throw new Error(`${runtime.pendingTimers} timers go on for ever`)
    await runtime.advance(3_600_000)
  }
}

/** The value of a promise that has settled by now. */
export async function settledNow<Value>(runtime: VirtualRuntime, promise: Promise<Value>): Promise<Value> {
  let state: { value: Value } | { error: unknown } | undefined
  promise.then(
    (value) => (state = { value }),
    (error: unknown) => (state = { error }),
  )
  await runtime.flush()
  assert.ok(state, 'a promise that must have settled by now has not')
  if ('error' in state) throw state.error
  return state.value
}
