import { Deadline } from './deadlines.ts'
import type { StreamEvent, EndEvent } from './event.ts'
import type { Hub } from './hub.ts'
import type { Json } from './json.ts'
import type { Observers } from './observer.ts'
import type { StreamIdentity } from './principal.ts'
import type { StoredStream, StreamTiming } from './store.ts'

/** A whole stream, once it is over. */
export interface StreamResult {
  readonly id: string
  readonly tenant: string
  readonly owner: string
  readonly key: string | undefined
  readonly meta: { readonly [name: string]: Json | undefined }
  /** Text of choice 0. */
  readonly text: string
  /** All events that are kept, neighbours merged, without `end`. */
  readonly events: readonly StreamEvent[]
  readonly end: EndEvent
  /** True when the head was trimmed (retentionBytes): `text` and `events` do not begin at the beginning. */
  readonly trimmed: boolean
  readonly timing: StreamTiming
}

/**
 * Runs after a stream's `end`: where an answer is saved. At least once per stream, keyed by `id`: make it idempotent.
 * When it throws or rejects, it is run again, a few times.
 */
export type Settle = (result: StreamResult) => void | Promise<void>

const RETRY_AFTER_MS: readonly number[] = [1_000, 5_000, 30_000]

/** The whole of an ended stream. */
export function resultOf({ facts, log, timing }: StoredStream): StreamResult {
  const events = log.read(log.firstSeq - 1, Infinity).map((entry) => entry.event)
  const end = log.end!
  let text = ''
  for (const event of events) if (event.type === 'text' && !event.choice) text += event.text
  const { id, tenant, owner, key, meta } = facts
  return {
    id,
    tenant,
    owner,
    key,
    meta,
    text,
    events: events.filter((event) => event !== end),
    end,
    trimmed: log.firstSeq > 1,
    timing,
  }
}

/** Runs `settle` until it succeeds, or its retries are used up; gives whether it did. Never rejects. */
export async function runSettle(
  result: StreamResult,
  settle: Settle,
  hub: Hub,
  observers: Observers,
): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      // Not within the step that ended the stream: what is saved must not hold up who reads.
      await Promise.resolve()
      await settle(result)
      return true
    } catch (error) {
      observers.tell('failed', identityOf(result), { where: 'settle', error })
      const delayMs = RETRY_AFTER_MS[attempt]
      if (delayMs === undefined) return false
      await new Promise<void>((resolve) => hub.schedule(new Deadline({ due: resolve }), hub.now() + delayMs))
    }
  }
}

function identityOf({ id, tenant, owner, key }: StreamResult): StreamIdentity {
  return { id, tenant, owner, key }
}
