import type { Json } from './json.ts'

/** Messages a source has not read yet; over it, sending is refused. */
export const MAX_INBOX_MESSAGES = 64

/** A bounded queue from readers to one source. */
export class Inbox implements AsyncIterable<Json> {
  #messages: Json[] = []
  #closed = false
  #wake: (() => void) | undefined

  /** `false`: full or closed, the message was not taken. */
  push(message: Json): boolean {
    if (this.#closed || this.#messages.length >= MAX_INBOX_MESSAGES) return false
    this.#messages.push(message)
    this.#wake?.()
    return true
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Json> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) yield message
      else if (this.#closed) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
