import { type EndEvent, isSluiceError } from '@sluice/core'
import { type Keeping, type StoredStream, type StreamFacts, resolveStreamOptions } from '@sluice/core/extend'
import type { VirtualRuntime } from '@sluice/testing'

import type { StreamsInFile } from '../../src/sqlite-store.ts'

export const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }
export const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }

export const KEEPING: Keeping = {
  retentionBytes: 1024 * 1024,
  retentionMs: 3_600_000,
  leaseMs: 10_000,
  windowBytes: 64 * 1024,
  durability: 'committed',
}

/** Facts of a stream with an id of its own. */
export function createFacts(facts: Partial<StreamFacts> = {}): StreamFacts {
  return {
    id: crypto.randomUUID(),
    tenant: 't',
    owner: 'o',
    key: undefined,
    meta: {},
    wire: undefined,
    createdAtMs: 0,
    idempotency: undefined,
    options: resolveStreamOptions({}),
    ...facts,
  }
}

/** Begins a stream that nothing stands in the way of. */
export async function beginStream(
  store: StreamsInFile,
  facts: Partial<StreamFacts> = {},
  keeping: Partial<Keeping> = {},
): Promise<StoredStream> {
  const begun = await store.begin(createFacts(facts), { ...KEEPING, ...keeping })
  if (begun.is !== 'new') throw new Error(`A stream was to begin, and the store says: ${begun.is}`)
  return begun.stream
}

/** Lets time pass until the store has all that the log was given. */
export async function untilStored(runtime: VirtualRuntime, { log }: StoredStream): Promise<void> {
  const seq = log.lastSeq
  for (let ms = 0; log.stored < seq && ms < 1_000; ms++) await runtime.advance(1)
  if (log.stored < seq) throw new Error(`Of ${seq} events ${log.stored} are stored after a second.`)
}

/** What `act` throws, by its code. */
export async function codeOf(act: () => unknown): Promise<string | undefined> {
  try {
    await act()
    return undefined
  } catch (error) {
    if (isSluiceError(error)) return error.code
    throw error
  }
}
