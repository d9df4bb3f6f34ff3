import type { Keeping, StreamFacts } from '@sluice/core'

import { readRecord, type StoredState } from './read-record.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import type { StoreContext } from '../context/store-context.ts'
import { liveMs, POINTER_MS } from '../protocol/times.ts'
import { storeError } from '../connection/store-error.ts'

/** How a start turned out. */
export type BegunHere = { is: 'new' } | { is: 'running' | 'repeated'; state: StoredState } | { is: 'mismatch' }

/** What a name points at: the pointer's text as it is, and the stream behind it, if that is still there. */
interface Pointed {
  readonly held: string
  readonly state: StoredState | undefined
}

/** Others may be faster, again and again; but each time somebody has got on. */
const MAX_ATTEMPTS = 100

/**
 * Begins a stream, unless its key or its idempotency key stands for another. The keys live apart from the stream (in a
 * cluster, on other nodes), so the stream is written first, unknown to everybody, and then each name is pointed at it if
 * it still points where it was seen to: whoever loses takes the stream back and looks again.
 */
export async function beginStream(context: StoreContext, facts: StreamFacts, keeping: Keeping): Promise<BegunHere> {
  const { keys } = context
  const { tenant, owner, key, idempotency } = facts
  const keyName = key === undefined ? undefined : keys.key(tenant, key)
  const repeatName = idempotency && keys.repeat(tenant, owner, idempotency.key)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const repeated = repeatName === undefined ? undefined : await follow(context, tenant, repeatName)
    if (repeated?.state) {
      const same = repeated.state.facts.idempotency?.fingerprint === idempotency?.fingerprint
      return same ? { is: 'repeated', state: repeated.state } : { is: 'mismatch' }
    }
    const running = keyName === undefined ? undefined : await follow(context, tenant, keyName)
    if (running?.state && !running.state.end) return { is: 'running', state: running.state }
    await write(context, facts, keeping)
    const ttlMs = liveMs(keeping) + POINTER_MS
    if (repeatName !== undefined && !(await claim(context, repeatName, [repeated!.held, facts.id, ttlMs]))) {
      await takeBack(context, facts)
      continue
    }
    if (keyName !== undefined && !(await claim(context, keyName, [running!.held, facts.id, ttlMs]))) {
      if (repeatName !== undefined) await claim(context, repeatName, [facts.id, '', 0])
      await takeBack(context, facts)
      continue
    }
    return { is: 'new' }
  }
  throw storeError('too many others start a stream of this key')
}

async function follow(context: StoreContext, tenant: string, name: string): Promise<Pointed> {
  const { connection, keys } = context
  const held = String(await connection.run(SCRIPTS.readPointer, [name], []))
  if (held === '') return { held, state: undefined }
  const looked = await readRecord(connection, keys, { tenant, id: held })
  return { held, state: looked.is === 'stream' ? looked.state : undefined }
}

async function write(
  { connection, keys, instance }: StoreContext,
  facts: StreamFacts,
  keeping: Keeping,
): Promise<void> {
  const args = [JSON.stringify(facts), JSON.stringify(keeping), keeping.retentionBytes, instance, keeping.leaseMs]
  // `exists` answers a begin that is sent again because its first answer was lost: nobody else knows this id.
  await connection.run(SCRIPTS.begin, [keys.meta(facts)], [...args, liveMs(keeping)])
}

async function takeBack({ connection, keys }: StoreContext, facts: StreamFacts): Promise<void> {
  await connection.run(SCRIPTS.withdraw, [keys.meta(facts)], [])
}

async function claim(
  { connection }: StoreContext,
  name: string,
  [held, wanted, ttlMs]: readonly [string, string, number],
): Promise<boolean> {
  const answer = await connection.run(SCRIPTS.claim, [name], [held, wanted, ttlMs])
  // Sent again after a lost answer, it finds what it had written itself.
  return answer === 'ok' || (wanted !== '' && answer === wanted)
}
