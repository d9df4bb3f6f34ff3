import { type Json, jsonOf } from '../events/json.ts'

/** Messages a source has not read yet; over it, sending is refused. */
export const MAX_INBOX_MESSAGES = 64
/** JSON characters they may hold together. */
export const MAX_INBOX_CHARS: number = 256 * 1024

/** A bounded queue from readers to one source. */
export class Inbox implements AsyncIterable<Json> {
  /** Kept as text: its size is known, and what the sender does with its object later does not matter. */
  #messages: string[] = []
  #chars = 0
  #closed = false
  #waiting: (() => void)[] = []

  /** `false`: full or closed, or no JSON; the message was not taken. */
  push(message: Json): boolean {
    const text = jsonOf(message)
    if (text === undefined || this.#closed || this.#messages.length >= MAX_INBOX_MESSAGES) return false
    if (this.#chars + text.length > MAX_INBOX_CHARS) return false
    this.#messages.push(text)
    this.#chars += text.length
    this.#wakeAll()
    return true
  }

  close(): void {
    this.#closed = true
    this.#wakeAll()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Json> {
    for (;;) {
      const text = this.#messages.shift()
      if (text !== undefined) {
        this.#chars -= text.length
        yield JSON.parse(text) as Json
      } else if (this.#closed) return
      else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wakeAll(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}
