import type { Entry } from './entry.ts'
import type { StreamEvent, TextualEvent } from '../events/event.ts'
import { isTextual, strandOf } from '../events/event-kind.ts'
import { FREE_TEXT_UNITS, isOneLine, jsonBytes, MAX_TEXT_JSON_BYTES } from './one-line.ts'

/**
 * Gathers a chunk, neighbours merged: an event continues the last entry when type, choice and strand are the same, no
 * `extra` is involved, and the text of both fits into one line. Never changes an event it was given: the log owns those.
 */
export class ChunkMerger {
  readonly chunk: Entry[] = []
  /** Bytes of JSON of the last entry's text; 0 while they were not counted. */
  #lastBytes = 0

  add(event: StreamEvent, epoch: number, seq: number): void {
    const before = this.#textBefore(event, epoch)
    if (before === undefined || !this.#fits(before, (event as TextualEvent).text)) this.#begin(event, epoch, seq)
    else this.#extend(before + (event as TextualEvent).text, seq)
  }

  /** Adds a run of plain text at once, if that gives the same as adding its events one by one; gives whether it did. */
  addRun(text: string, epoch: number, seq: number): boolean {
    const event: TextualEvent = { type: 'text', text }
    const before = this.#textBefore(event, epoch)
    if (before === undefined ? !isOneLine(text) : !this.#fits(before, text)) return false
    if (before === undefined) this.#begin(event, epoch, seq)
    else this.#extend(before + text, seq)
    return true
  }

  /** The text that `event` continues; `undefined` where it begins an entry, whatever its size. */
  #textBefore(event: StreamEvent, epoch: number): string | undefined {
    const last = this.chunk.at(-1)
    return last && last.epoch === epoch && continues(last.event, event) ? (last.event as TextualEvent).text : undefined
  }

  #begin(event: StreamEvent, epoch: number, seq: number): void {
    this.chunk.push({ event, epoch, seq })
    this.#lastBytes = 0
  }

  #extend(text: string, seq: number): void {
    const last = this.chunk.at(-1)!
    last.event = { ...(last.event as TextualEvent), text }
    last.seq = seq
  }

  #fits(before: string, next: string): boolean {
    if (before.length + next.length <= FREE_TEXT_UNITS) {
      this.#lastBytes = 0
      return true
    }
    // Counted once, then added to: otherwise the start of a long entry would be counted again for each of its tokens.
    if (this.#lastBytes === 0) this.#lastBytes = jsonBytes(before)
    const bytes = this.#lastBytes + jsonBytes(next)
    if (bytes > MAX_TEXT_JSON_BYTES) return false
    this.#lastBytes = bytes
    return true
  }
}

function continues(last: StreamEvent, next: StreamEvent): boolean {
  if (last.type !== next.type || !isTextual(last) || !isTextual(next)) return false
  if (last.extra !== undefined || next.extra !== undefined) return false
  return (last.choice ?? 0) === (next.choice ?? 0) && strandOf(last) === strandOf(next)
}
