import { Deadline } from '../clock/deadlines.ts'
import type { ProducerContext, Settle } from './producer-context.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import type { Observers } from '../observe/observer.ts'
import type { StreamIdentity } from '../access/principal.ts'
import type { StoredStream } from '../store/store.ts'
import { resultOf, type StreamResult } from '../store/result.ts'

const RETRY_AFTER_MS: readonly number[] = [1_000, 5_000, 30_000]

/** Runs `settle` until it succeeds, or its retries are used up; gives whether it did. Never rejects. */
export async function runSettle(
  result: StreamResult,
  settle: Settle,
  scheduler: Scheduler,
  observers: Observers,
): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      // Not within the step that ended the stream: what is saved must not hold up who reads.
      await Promise.resolve()
      await settle(result)
      return true
    } catch (error) {
      observers.notify('failed', identityOf(result), { where: 'settle', error })
      const delayMs = RETRY_AFTER_MS[attempt]
      if (delayMs === undefined) return false
      await new Promise<void>((resolve) =>
        scheduler.schedule(new Deadline({ due: resolve }), scheduler.now() + delayMs),
      )
    }
  }
}

/** Settles a stream that ended where it was produced, and tells its store, which would else have another process do it. */
export async function settleHere(
  { scheduler, observers, settle, store }: ProducerContext,
  stored: StoredStream,
): Promise<void> {
  if (!settle || !(await runSettle(resultOf(stored), settle, scheduler, observers))) return
  try {
    await store.settled?.(stored.facts)
  } catch (error) {
    observers.notify('failed', stored.facts, { where: 'store', error })
  }
}

function identityOf({ id, tenant, owner, key }: StreamResult): StreamIdentity {
  return { id, tenant, owner, key }
}
