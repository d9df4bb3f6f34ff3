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
export class EventRing {
  readonly #options: ResolvedBufferOptions
  #held: Held[] = []
  /** Where its reader is: everything up to here was taken, or dropped by name. */
  cursor: string | undefined
  /** Where the first one that is kept stands, and the first one that is unread. */
  #first = 0
  #unread = 0
  #bytes = 0
  #unreadBytes = 0
  #skipped = 0

  constructor(options: ResolvedBufferOptions, cursor?: string) {
    this.#options = options
    this.cursor = cursor
  }

  /** Events that nobody has read yet. */
  get unread(): number {
    return this.#held.length - this.#unread
  }

  get items(): number {
    return this.#held.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether nothing more should be taken from the network. */
  get isFull(): boolean {
    return this.#isOver(this.unread, this.#unreadBytes)
  }

  /** Whether there is room for a good piece again: half of what there is when it is empty. */
  get hasRoom(): boolean {
    return !this.#isOver(2 * this.unread, 2 * this.#unreadBytes)
  }

  push(event: StreamEvent, cursor?: string): void {
    const bytes = bytesOf(event)
    this.#held.push({ event, bytes, cursor })
    this.#bytes += bytes
    this.#unreadBytes += bytes
    const skips = this.#options.onOverflow === 'skip-and-mark'
    while (this.items > 1 && this.#isOver(this.items, this.#bytes)) {
      if (this.#unread === this.#first) {
        if (!skips) break
        this.#passFirst()
        this.#skipped++
      }
      this.#dropFirst()
    }
  }

  /** The next event, if there is one. */
  take(): ClientEvent | undefined {
    if (this.#skipped > 0) {
      const events = this.#skipped
      this.#skipped = 0
      return { type: 'skipped', events }
    }
    const held = this.#held[this.#unread]
    if (!held) return undefined
    this.#passFirst()
    if (this.#options.onOverflow !== 'drop-rendered') this.#dropFirst()
    return held.event
  }

  /** What was read, and is still at hand. */
  rendered(): StreamEvent[] {
    return this.#held.slice(this.#first, this.#unread).map(({ event }) => event)
  }

  #isOver(items: number, bytes: number): boolean {
    return items > this.#options.items || bytes > this.#options.bytes
  }

  #passFirst(): void {
    const { bytes, cursor } = this.#held[this.#unread++]!
    this.#unreadBytes -= bytes
    this.cursor = cursor
  }

  #dropFirst(): void {
    this.#bytes -= this.#held[this.#first]!.bytes
    // The place keeps nothing alive until the list is put together again.
    this.#held[this.#first++] = undefined as never
    if (this.#first < 1024 && this.#first < this.#held.length) return
    this.#held = this.#held.slice(this.#first)
    this.#unread -= this.#first
    this.#first = 0
  }
}

/** What a string costs where it is held, and the object around it. */
function bytesOf(event: StreamEvent): number {
  const text = event.type === 'text' ? event.text : JSON.stringify(event)
  return 2 * text.length + 64
}
