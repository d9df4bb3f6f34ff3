import { BRACE_CLOSE, BRACE_OPEN, BRACKET_CLOSE, BRACKET_OPEN, COLON, COMMA, isEscaped, QUOTE } from './json-bytes.ts'
import { type JsonLimits, MAX_JSON_DEPTH, tooDeep, tooMany } from './json-limits.ts'

/**
 * Looks at JSON while it comes, in pieces of any size, and refuses what would be too deep or too much to parse: a parser
 * cannot be stopped. It is one pass that makes nothing. Whether it is JSON at all, the parser finds out.
 */
export class JsonScan {
  readonly #subject: string
  readonly #limits: JsonLimits
  readonly #names: Int32Array = new Int32Array(MAX_JSON_DEPTH + 1)
  #depth = 0
  #members = 0
  #inString = false
  /** The piece before ended within a string, on a backslash that stands for what follows it. */
  #escaped = false

  /** `subject` names the value in errors: `The body`. */
  constructor(subject: string, limits: JsonLimits) {
    this.#subject = subject
    this.#limits = limits
  }

  /**
   * Looks at the next piece.
   *
   * @throws SluiceError `SLUICE_ERR_REQUEST` for depth, `SLUICE_ERR_TOO_LARGE` for members and names
   */
  push(bytes: Uint8Array): void {
    const { jsonMembers, jsonNames } = this.#limits
    const names = this.#names
    for (let at = 0; at < bytes.length; at++) {
      if (this.#inString) {
        at = this.#endOfString(bytes, at)
        continue
      }
      switch (bytes[at]) {
        case QUOTE:
          this.#inString = true
          break
        case COLON:
          if (++names[this.#depth]! > jsonNames) throw tooMany(this.#subject, 'jsonNames', this.#limits)
          break
        case BRACKET_OPEN:
        case BRACE_OPEN:
          if (++this.#depth > MAX_JSON_DEPTH) throw tooDeep(this.#subject)
          names[this.#depth] = 0
          if (++this.#members > jsonMembers) throw tooMany(this.#subject, 'jsonMembers', this.#limits)
          break
        case COMMA:
          if (++this.#members > jsonMembers) throw tooMany(this.#subject, 'jsonMembers', this.#limits)
          break
        case BRACKET_CLOSE:
        case BRACE_CLOSE:
          // What closes more than it opens is no JSON.
          if (this.#depth > 0) this.#depth--
      }
    }
  }

  /** The place of the quote that closes the string; the end of the piece, where that is in a later one. */
  #endOfString(bytes: Uint8Array, start: number): number {
    let from = start
    if (this.#escaped) {
      this.#escaped = false
      from++
    }
    for (let at = from; ;) {
      const quote = bytes.indexOf(QUOTE, at)
      const end = quote < 0 ? bytes.length : quote
      const escaped = isEscaped(bytes, from, end)
      if (quote < 0) {
        this.#escaped = escaped
        return end
      }
      if (!escaped) {
        this.#inString = false
        return end
      }
      at = quote + 1
    }
  }
}
