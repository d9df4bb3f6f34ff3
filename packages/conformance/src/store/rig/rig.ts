import { createSystemRuntime, type EndEvent, type Runtime, type Store } from '@sluice/core'
import type { Keeping, Logged, LookUp, MaybePromise, StoredStream, StreamFacts, StreamName } from '@sluice/core/extend'
import { createVirtualRuntime } from '@sluice/testing'
import { ownTimeMs } from '@sluice/testing/patience'
import { expect, onTestFinished } from 'vitest'

import type { StoreDriver } from './driver.ts'

/** The source finished by itself. */
export const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true, usage: { outputTokens: 2 } }
/** Somebody cancelled. The usage is told, or a store would count it where the log is not (contract 8). */
export const CUT: EndEvent = {
  type: 'end',
  reason: 'cancelled',
  complete: false,
  cause: 'client',
  usage: { outputTokens: 1 },
}

/** A stream that never was. */
export const NOBODY: StreamName = { tenant: '', id: 'nobody' }
/** What a store says that holds nothing. */
export const NOTHING = { bytes: 0, streams: 0, live: 0 } as const

const HOUR_MS = 3_600_000
/** Long enough for nothing to expire by itself, whatever the store's time is. */
export const KEEPING: Keeping = {
  retentionBytes: 1024 * 1024,
  retentionMs: HOUR_MS,
  leaseMs: 10_000,
  windowBytes: 64 * 1024,
  durability: 'committed',
}

/** Within this time other processes hear of what happened … */
const SOON_MS = 1_000
/** … and something appended is stored, or refused. */
const STORED_WITHIN_MS = 5_000
const LOOK_EVERY_MS = 1

/** A store, what its streams are looked at through, and their time. */
export interface StoreRig {
  /** Where streams begin and are produced. */
  readonly store: Store
  /** What they are looked at, closed and erased through: the same store, or another one on the same data. */
  readonly other: Store
  /** Whether what happens is told of later. */
  readonly remote: boolean
  readonly runtime: Runtime
  /** Lets time pass. */
  readonly pass: (ms: number) => Promise<void>
  /** Begins a stream that nothing stands in the way of. */
  readonly begin: (facts?: Partial<StreamFacts>, keeping?: Partial<Keeping>) => Promise<StoredStream>
  /**
   * What a producer does: gives the log its next events. Answers, once that is decided, whether the store has all of
   * them: what was refused there is not in the log any more.
   */
  readonly append: (stream: StoredStream, ...events: Logged[]) => Promise<boolean>
  /** What `look` gives once it throws no more: at the first look, or for a remote store within a second or `ms`. */
  readonly eventually: <Value>(look: () => MaybePromise<Value>, ms?: number) => Promise<Value>
  readonly dispose: () => Promise<void>
}

/** Makes a store, and a rig around it. */
export type OpenStore = (make?: (runtime: Runtime) => MaybePromise<Store>) => Promise<StoreRig>

/** How a rig is made, if not as its driver says. */
export interface RigOptions {
  make?: ((runtime: Runtime) => MaybePromise<Store>) | undefined
  /** Whether streams are looked at through another store. */
  another?: boolean | undefined
}

/** Facts of a stream with an id of its own. */
export function createFacts(facts: Partial<StreamFacts> = {}): StreamFacts {
  return {
    id: crypto.randomUUID(),
    tenant: '',
    owner: 'owner',
    key: undefined,
    meta: {},
    wire: undefined,
    createdAtMs: 1_700_000_000_000,
    idempotency: undefined,
    ...facts,
  }
}

/** Opens a rig that is disposed of by its opener. */
export async function openRig(driver: StoreDriver, options: RigOptions = {}): Promise<StoreRig> {
  const virtual = driver.time === 'real' ? undefined : createVirtualRuntime({ startMs: 1000 })
  const runtime = virtual ?? createSystemRuntime()
  const remote = driver.remote ?? false
  const store = await (options.make?.(runtime) ?? driver.create(runtime))
  const other = (options.another && (await driver.another?.(store, runtime))) || store
  const pass = (ms: number): Promise<void> =>
    virtual?.advance(ms) ?? new Promise((resolve) => void setTimeout(resolve, ms))
  // Processes that the machine lets wait are late for no fault of a store.
  const now = virtual ? () => virtual.now() : ownTimeMs
  async function eventually<Value>(look: () => MaybePromise<Value>, ms = SOON_MS): Promise<Value> {
    const untilMs = remote ? now() + ms : -Infinity
    for (;;) {
      try {
        return await look()
      } catch (error) {
        if (now() >= untilMs) throw error
      }
      await pass(LOOK_EVERY_MS)
    }
  }
  return {
    store,
    other,
    remote,
    runtime,
    pass,
    eventually,
    async begin(facts, keeping) {
      const begun = await store.begin(createFacts(facts), { ...KEEPING, ...keeping })
      if (begun.is !== 'new') throw new Error(`a stream was to begin, and the store says: ${begun.is}`)
      return begun.stream
    },
    async append({ log }, ...events) {
      const { epoch } = log
      const taken = events.every((event) => log.append(event))
      const seq = log.lastSeq
      // Who closes a stream takes the next position too, in another epoch.
      const decided = (): boolean =>
        log.stored >= seq || log.lastSeq < seq || log.epochOf(seq) !== epoch || log.lost !== undefined
      await eventually(() => {
        if (decided()) return
        throw new Error(
          `${log.streamId}: of the events up to ${seq}, only those up to ${log.stored} are stored after ${STORED_WITHIN_MS} ms`,
        )
      }, STORED_WITHIN_MS)
      return taken && log.lastSeq >= seq && log.stored >= seq && log.epochOf(seq) === epoch
    },
    async dispose() {
      for (const each of new Set([other, store])) {
        await each.dispose()
        // Streams of a store in memory are gone with it.
        if (remote) expect(each.usage(), 'what a store holds that was disposed of').toEqual(NOTHING)
      }
      expect(virtual?.pendingTimers ?? 0, 'timers left by a store that was disposed of').toBe(0)
    },
  }
}

/** Opens rigs that are disposed of when their test is over. */
export function createOpenStore(driver: StoreDriver, another = false): OpenStore {
  return async (make) => {
    const rig = await openRig(driver, { make, another })
    onTestFinished(() => rig.dispose())
    return rig
  }
}

/** The stream of that name, which must be there. */
export async function findStream(store: Store, name: StreamName, lookUp: LookUp = 'read'): Promise<StoredStream> {
  const found = await store.find(name, lookUp)
  if (found.is !== 'stream') throw new Error(`the stream ${name.id} was to be found, and the store says: ${found.is}`)
  return found.stream
}
