import type { EndEvent, StreamEvent } from './event.ts'
import type { Json } from './json.ts'
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

/** The whole of an ended stream, as far as it is kept. */
export function resultOf(stored: StoredStream): StreamResult {
  const { log } = stored
  const end = log.end!
  const kept = log.read(log.firstSeq - 1, Infinity).map((entry) => entry.event)
  const events = kept.filter((event) => event !== end)
  return result(stored, { text: textOf(kept), events, end, trimmed: log.firstSeq > 1 })
}

/** The same of a stream that is read to its end, past what is kept: `trimmed` when it is not read from its beginning. */
export async function readResult(
  reading: AsyncIterable<StreamEvent>,
  stored: StoredStream,
  { trimmed }: { trimmed: boolean },
): Promise<StreamResult> {
  const events: StreamEvent[] = []
  for await (const event of reading) events.push(event)
  const text = textOf(events)
  const end = events.pop() as EndEvent
  return result(stored, { text, events, end, trimmed })
}

/** The text of choice 0. */
export function textOf(events: readonly StreamEvent[]): string {
  let text = ''
  for (const event of events) if (event.type === 'text' && !event.choice) text += event.text
  return text
}

function result(
  { facts, timing }: StoredStream,
  read: Pick<StreamResult, 'text' | 'events' | 'end' | 'trimmed'>,
): StreamResult {
  const { id, tenant, owner, key, meta } = facts
  return { id, tenant, owner, key, meta, ...read, timing }
}
