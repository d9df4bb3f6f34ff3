import {
  createSystemRuntime,
  type EndEvent,
  type Keeping,
  type Logged,
  type MaybePromise,
  type Runtime,
  type Store,
  type StoredStream,
  type StreamFacts,
} from '@sluice/core'
import { createVirtualRuntime } from '@sluice/testing'
import { expect, onTestFinished } from 'vitest'

import type { StoreDriver } from './driver.ts'

/** The source finished by itself. */
export const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true, usage: { outputTokens: 2 } }
/** Somebody cancelled. */
export const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }

const HOUR_MS = 3_600_000
/** Long enough for nothing to expire by itself, whatever the store's time is. */
export const KEEPING: Keeping = { retentionBytes: 1024 * 1024, retentionMs: HOUR_MS, leaseMs: 10_000 }

/** A store and its time. */
export interface StoreRig {
  readonly store: Store
  /** Lets time pass. */
  readonly pass: (ms: number) => Promise<void>
  /** Begins a stream that nothing stands in the way of. */
  readonly begin: (facts?: Partial<StreamFacts>, keeping?: Partial<Keeping>) => Promise<StoredStream>
  readonly dispose: () => Promise<void>
}

/** Makes a store, and a rig around it. */
export type OpenStore = (make?: (runtime: Runtime) => MaybePromise<Store>) => Promise<StoreRig>

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
export async function openRig(
  driver: StoreDriver,
  make: (runtime: Runtime) => MaybePromise<Store> = (runtime) => driver.create(runtime),
): Promise<StoreRig> {
  const virtual = driver.time === 'real' ? undefined : createVirtualRuntime({ startMs: 1000 })
  const store = await make(virtual ?? createSystemRuntime())
  return {
    store,
    pass: (ms) => virtual?.advance(ms) ?? new Promise((resolve) => void setTimeout(resolve, ms)),
    async begin(facts, keeping) {
      const begun = await store.begin(createFacts(facts), { ...KEEPING, ...keeping })
      if (begun.is !== 'new') throw new Error(`a stream was to begin, and the store says: ${begun.is}`)
      return begun.stream
    },
    async dispose() {
      await store.dispose()
      expect(virtual?.pendingTimers ?? 0, 'timers left by a store that was disposed of').toBe(0)
    },
  }
}

/** Opens rigs that are disposed of when their test is over. */
export function createOpenStore(driver: StoreDriver): OpenStore {
  return async (make) => {
    const rig = await openRig(driver, make)
    onTestFinished(() => rig.dispose())
    return rig
  }
}

/** What a producer does: gives the log its next events. Answers whether all were taken. */
export function append({ log }: StoredStream, ...events: Logged[]): boolean {
  return events.every((event) => log.append(event))
}

/** The stream of that id, which must be there. */
export async function findStream(store: Store, id: string): Promise<StoredStream> {
  const found = await store.find({ id })
  if (found.is !== 'stream') throw new Error(`the stream ${id} was to be found, and the store says: ${found.is}`)
  return found.stream
}
