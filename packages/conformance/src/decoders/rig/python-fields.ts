import { BlockReader } from './block-reader.ts'
import type { DecodedMessage } from './decoder.ts'

/** What Python's `int` reads. */
const INT = /^\s*[+-]?\d+(_\d+)*\s*$/

/**
 * How httpx-sse, and all SDKs that were generated after it, make messages of lines: an id is never forgotten, and once there
 * is one every blank line gives a message, whether or not there is data.
 */
export class PythonFields extends BlockReader {
  #lastId = ''
  #retries = false

  protected dispatch(): DecodedMessage | undefined {
    const nothing = this.event === '' && this.data.length === 0 && this.#lastId === '' && !this.#retries
    this.#retries = false
    if (nothing) return undefined
    // An application knows no other ids than those of its messages.
    this.lastEventId = this.#lastId
    return this.message(this.#lastId)
  }

  protected override other(name: string, value: string): void {
    if (name === 'id' && !value.includes('\0')) this.#lastId = value
    else if (name === 'retry' && INT.test(value)) this.#retries = true
  }
}
