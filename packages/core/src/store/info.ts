import { formatCursor } from '../events/cursor.ts'
import type { EndEvent } from '../events/event.ts'
import type { StoredStream } from './store.ts'
import type { StreamTiming } from '../observe/stream-timing.ts'

/** What is known of a stream without reading it. */
export interface StreamInfo {
  id: string
  key?: string | undefined
  status: 'waiting' | 'running' | 'ended'
  cursor: string
  end?: EndEvent | undefined
  timing: StreamTiming & { createdAtMs: number }
}

/** What is known of a stream here. */
export function infoOf(stored: StoredStream): StreamInfo {
  const { facts, log, timing } = stored
  return {
    id: facts.id,
    key: facts.key,
    status: log.end ? 'ended' : log.lastSeq === 0 ? 'waiting' : 'running',
    cursor: cursorOf(stored),
    end: log.end,
    timing: { createdAtMs: facts.createdAtMs, ...timing },
  }
}

/** Where a stream is now: a reader with this cursor has everything up to here. */
export function cursorOf(stored: StoredStream): string {
  return cursorAt(stored, stored.log.committed)
}

/** The cursor of a reader that has everything up to `seq`. */
export function cursorAt({ facts, log }: StoredStream, seq: number): string {
  const place = log.placeAt(seq)
  return formatCursor(facts.id, log.epochOf(place), place)
}
