import type { StreamEvent } from '@sluice/core'

import type { ResolvedBufferOptions } from './buffer-options.ts'

/** Stands for events that were dropped unread, where that was asked for by name. */
export interface Skipped {
  type: 'skipped'
  events: number
}

/** What a reader is given. `skipped` comes under `onOverflow: 'skip-and-mark'` alone. */
export type ClientEvent = StreamEvent | Skipped

interface Held {
  /** Everything up to and with this event. */
  readonly cursor: string | undefined
  readonly event: StreamEvent
  readonly bytes: number
}

/** The events between network and reader, bounded in items and bytes; the piece that is being admitted excepted. */
export interface EventRing {
  /** Where its reader is: everything up to here was taken, or dropped by name. */
  cursor: string | undefined
  /** Events that nobody has read yet. */
  readonly unread: number
  readonly items: number
  readonly bytes: number
  /** Whether nothing more should be taken from the network. */
  readonly isFull: boolean
  /** Whether there is room for a good piece again: half of what there is when it is empty. */
  readonly hasRoom: boolean
  push(event: StreamEvent, cursor?: string): void
  /** The next event, if there is one. */
  take(): ClientEvent | undefined
  /** What was read, and is still at hand. */
  rendered(): StreamEvent[]
}

/** An empty one, whose reader is at `cursor`. */
export function createEventRing(options: ResolvedBufferOptions, cursor?: string): EventRing {
  let held: Held[] = []
  /** Where the first one that is kept stands, and the first one that is unread. */
  let first = 0
  let unread = 0
  let bytes = 0
  let unreadBytes = 0
  let skipped = 0

  const isOver = (items: number, size: number): boolean => items > options.items || size > options.bytes

  function passFirst(): void {
    const passed = held[unread++]!
    unreadBytes -= passed.bytes
    ring.cursor = passed.cursor
  }

  function dropFirst(): void {
    bytes -= held[first]!.bytes
    // The place keeps nothing alive until the list is put together again.
    held[first++] = undefined as never
    if (first < 1024 && first < held.length) return
    held = held.slice(first)
    unread -= first
    first = 0
  }

  const ring: EventRing = {
    cursor,
    get unread() {
      return held.length - unread
    },
    get items() {
      return held.length - first
    },
    get bytes() {
      return bytes
    },
    get isFull() {
      return isOver(ring.unread, unreadBytes)
    },
    get hasRoom() {
      return !isOver(2 * ring.unread, 2 * unreadBytes)
    },
    push(event, after) {
      const size = bytesOf(event)
      held.push({ event, bytes: size, cursor: after })
      bytes += size
      unreadBytes += size
      while (ring.items > 1 && isOver(ring.items, bytes)) {
        if (unread === first) {
          if (options.onOverflow !== 'skip-and-mark') break
          passFirst()
          skipped++
        }
        dropFirst()
      }
    },
    take() {
      if (skipped > 0) {
        const events = skipped
        skipped = 0
        return { type: 'skipped', events }
      }
      const next = held[unread]
      if (!next) return undefined
      passFirst()
      if (options.onOverflow !== 'drop-rendered') dropFirst()
      return next.event
    },
    rendered: () => held.slice(first, unread).map(({ event }) => event),
  }
  return ring
}

/** What a string costs where it is held, and the object around it. */
function bytesOf(event: StreamEvent): number {
  const text = event.type === 'text' ? event.text : JSON.stringify(event)
  return 2 * text.length + 64
}
