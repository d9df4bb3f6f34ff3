import type { Keeping, StreamFacts } from '@sluice/core/extend'

import { storeError } from '../connection/store-error.ts'
import type { StoreContext } from '../context/store-context.ts'
import { streamIdIn, textIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { toStoredJson } from '../protocol/stored-json.ts'
import { liveMs, POINTER_MS } from '../protocol/times.ts'
import { readRecord, type StoredState } from './read-record.ts'

/** How a start turned out. */
export type BeginOutcome = { is: 'new' } | { is: 'running' | 'repeated'; state: StoredState } | { is: 'mismatch' }

/** What a start needs beside its stream. */
export interface BeginParts {
  readonly keeping: Keeping
  /** Throws where this process has no room for another stream. */
  readonly admit: () => void
  /** Has the stream looked after, from now on, whether or not this process learns how its start went. */
  readonly watch: () => void
}

/** A pointer as it was read: the id that it contains, and the stream of that id, if it is still there. */
interface PointedStream {
  readonly id: string
  readonly state: StoredState | undefined
}

/** Others may be faster, again and again; but each time one of them has started. */
const MAX_ATTEMPTS = 100

/**
 * Begins a stream, unless its key or its idempotency key stands for another. The keys live apart from the stream (in a
 * cluster, on other nodes). So the stream is written first, unknown to everybody. Then each pointer is set to it, if the
 * pointer still contains what was read from it. Whoever loses withdraws the stream and reads the pointers again.
 */
export async function beginStream(
  context: StoreContext,
  facts: StreamFacts,
  { keeping, admit, watch }: BeginParts,
): Promise<BeginOutcome> {
  const { keys } = context
  const { tenant, owner, key, idempotency } = facts
  const keyPointer = key === undefined ? undefined : keys.key(tenant, key)
  const repeatPointer = idempotency && keys.repeat(tenant, owner, idempotency.key)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const repeated = repeatPointer === undefined ? undefined : await follow(context, tenant, repeatPointer)
    if (repeated?.state) {
      const same = repeated.state.facts.idempotency?.fingerprint === idempotency?.fingerprint
      return same ? { is: 'repeated', state: repeated.state } : { is: 'mismatch' }
    }
    const running = keyPointer === undefined ? undefined : await follow(context, tenant, keyPointer)
    if (running?.state && !running.state.end) return { is: 'running', state: running.state }
    admit()
    // Before it is there: should an answer be lost, somebody finds what nobody produces, and ends it.
    watch()
    await write(context, facts, keeping)
    const ttlMs = liveMs(keeping) + POINTER_MS
    if (repeatPointer !== undefined && !(await claim(context, repeatPointer, [repeated!.id, facts.id, ttlMs]))) {
      await withdraw(context, facts)
      continue
    }
    if (keyPointer !== undefined && !(await claim(context, keyPointer, [running!.id, facts.id, ttlMs]))) {
      if (repeatPointer !== undefined) await claim(context, repeatPointer, [facts.id, '', 0])
      await withdraw(context, facts)
      continue
    }
    return { is: 'new' }
  }
  throw storeError('too many others start a stream of this key')
}

async function follow(context: StoreContext, tenant: string, pointer: string): Promise<PointedStream> {
  const { connection, keys } = context
  const id = streamIdIn(await connection.run(SCRIPTS.readPointer, [pointer], []))
  if (id === '') return { id, state: undefined }
  const record = await readRecord(connection, keys, { tenant, id })
  return { id, state: record.is === 'stream' ? record.state : undefined }
}

async function write(
  { connection, keys, instance }: StoreContext,
  facts: StreamFacts,
  keeping: Keeping,
): Promise<void> {
  const args = [toStoredJson(facts), toStoredJson(keeping), instance, keeping.leaseMs]
  // A begin that is sent again, because its first reply was lost, is answered `exists`: no other start has this id.
  await connection.run(SCRIPTS.begin, [keys.meta(facts)], [...args, liveMs(keeping)])
}

async function withdraw({ connection, keys }: StoreContext, facts: StreamFacts): Promise<void> {
  await connection.run(SCRIPTS.withdraw, [keys.meta(facts)], [])
}

async function claim(
  { connection }: StoreContext,
  pointer: string,
  [expected, wanted, ttlMs]: readonly [expected: string, wanted: string, ttlMs: number],
): Promise<boolean> {
  const found = textIn(await connection.run(SCRIPTS.claim, [pointer], [expected, wanted, ttlMs]))
  // A claim that is sent again, because its first reply was lost, finds what it has written itself.
  return found === 'ok' || (wanted !== '' && found === wanted)
}
