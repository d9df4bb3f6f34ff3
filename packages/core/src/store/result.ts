import { errorOfEnd } from '../log/end.ts'
import { SluiceError } from '../events/errors.ts'
import type { EndEvent, StreamEvent } from '../events/event.ts'
import type { Json } from '../events/json.ts'
import type { StoredStream } from './store.ts'
import type { StreamTiming } from '../observe/stream-timing.ts'

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

/**
 * The same of a stream that is read to its end, past what is kept: `trimmed` when it is not read from its beginning,
 * `exhausted` when there is nothing to be read but the end is known.
 */
export async function readResult(
  reading: AsyncIterable<StreamEvent>,
  stored: StoredStream,
  { trimmed, exhausted }: { trimmed: boolean; exhausted: boolean },
): Promise<StreamResult> {
  const events: StreamEvent[] = []
  for await (const event of reading) events.push(event)
  const end = exhausted ? stored.log.end : events.pop()
  if (end?.type !== 'end') {
    throw new SluiceError(
      'SLUICE_ERR_READING_CLOSED',
      'This reading was detached before the stream ended: it has no result. Attach again for another reading.',
    )
  }
  return result(stored, { text: textOf(events), events, end, trimmed })
}

/** The text of a stream that finished by itself; of any other its end is thrown: a part never passes for the whole. */
export function wholeText({ text, end }: StreamResult): string {
  if (!end.complete) throw errorOfEnd(end)
  return text
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
