import { SseInput } from './parser-input.ts'
import { overLimit, type ResolvedSseLimits, resolveSseLimits, type SseLimits } from './parser-limits.ts'

/** One event of an SSE stream. */
export interface SseEvent {
  /** The last event id: this event's, or an earlier one's, or the empty string. */
  id: string
  /** The event's type; `message` where the stream names none. */
  event: string
  data: string
}

/** What {@link createSseParser} is given. */
export interface SseParserOptions {
  /** Is given each event as soon as its last byte has come. */
  onEvent: (event: SseEvent) => void
  /** A comment line, without its colon and one leading space. */
  onComment?: ((comment: string) => void) | undefined
  /** The server's wish for the reconnection time, in milliseconds. */
  onRetry?: ((retryMs: number) => void) | undefined
  limits?: SseLimits | undefined
}

/** How an SSE stream was at its end. */
export interface SseEnd {
  /** True when it ended inside an event, which is lost: the stream was probably cut. */
  discarded: boolean
}

/** An incremental parser of one SSE stream. Its callbacks must not call it. */
export interface SseParser {
  /**
   * Takes the next piece, cut anywhere: text, or UTF-8 bytes. Throws `SLUICE_ERR_PARSE` over a limit, and what a callback
   * throws; from then on it throws the same until {@link SseParser.reset}.
   */
  push(chunk: string | Uint8Array): void
  /** Says that the stream is over. An event without its blank line is not dispatched. */
  end(): SseEnd
  /** Forgets everything, last event id and failure included: the next piece begins a new stream. */
  reset(): void
}

/**
 * Makes a parser for the SSE format of the HTML standard. It takes time linear in its input, however that is cut, and
 * holds no more than its limits.
 *
 * @example
 * ```ts
 * const parser = createSseParser({ onEvent: ({ data }) => console.log(data) })
 * parser.push('data: hel')
 * parser.push('lo\n\n') // logs hello
 * ```
 */
export function createSseParser(options: SseParserOptions): SseParser {
  return new IncrementalParser(options)
}

const LF = 10
const SPACE = 32
const COLON = 58
const LETTER_D = 100
const DIGITS = /^[0-9]+$/

class IncrementalParser implements SseParser {
  readonly #options: SseParserOptions
  readonly #limits: ResolvedSseLimits
  #input = new SseInput()
  #afterCr = false
  // Pieces of the unfinished line, joined once: adding up strings would copy a long line again for every small piece.
  #pieces: string[] = []
  #pieceChars = 0
  #data = ''
  #dataLines = 0
  #type = ''
  #idBuffer = ''
  #lastEventId = ''
  #failure: { error: unknown } | undefined

  constructor(options: SseParserOptions) {
    this.#options = options
    this.#limits = resolveSseLimits(options.limits)
  }

  push(chunk: string | Uint8Array): void {
    if (this.#failure) throw this.#failure.error
    try {
      this.#scan(this.#input.decode(chunk))
    } catch (error) {
      this.#clear()
      this.#failure = { error }
      throw error
    }
  }

  end(): SseEnd {
    const unfinished = this.#pieceChars > 0 || this.#input.flush() !== ''
    const pending = this.#dataLines > 0 || this.#type !== '' || this.#idBuffer !== this.#lastEventId
    const discarded = unfinished || pending || this.#failure !== undefined
    this.#clear()
    return { discarded }
  }

  reset(): void {
    this.#clear()
    this.#failure = undefined
  }

  #clear(): void {
    this.#input = new SseInput()
    this.#afterCr = false
    this.#pieces = []
    this.#pieceChars = this.#dataLines = 0
    this.#data = this.#type = this.#idBuffer = this.#lastEventId = ''
  }

  #scan(text: string): void {
    let start = 0
    if (this.#afterCr && text !== '') {
      this.#afterCr = false
      if (text.charCodeAt(0) === LF) start = 1
    }
    // Each is searched again only once it has been passed, so that the whole stays linear.
    let lf = text.indexOf('\n', start)
    let cr = text.indexOf('\r', start)
    while (lf !== -1 || cr !== -1) {
      const atCr = cr !== -1 && (lf === -1 || cr < lf)
      const end = atCr ? cr : lf
      let next = end + 1
      if (atCr && next === lf) next++
      if (atCr && next === text.length && next === end + 1) this.#afterCr = true
      this.#endLine(text, start, end)
      start = next
      if (lf !== -1 && lf < start) lf = text.indexOf('\n', start)
      if (cr !== -1 && cr < start) cr = text.indexOf('\r', start)
    }
    if (start === text.length) return
    this.#pieceChars += text.length - start
    this.#checkLine(this.#pieceChars)
    this.#pieces.push(start === 0 ? text : text.slice(start))
  }

  #endLine(text: string, start: number, end: number): void {
    this.#checkLine(this.#pieceChars + end - start)
    if (this.#pieceChars === 0) return this.#readLine(text, start, end)
    this.#pieces.push(text.slice(start, end))
    const line = this.#pieces.join('')
    this.#pieces = []
    this.#pieceChars = 0
    this.#readLine(line, 0, line.length)
  }

  #readLine(text: string, start: number, end: number): void {
    if (start === end) return this.#dispatch()
    const first = text.charCodeAt(start)
    if (first === LETTER_D && text.startsWith('data:', start)) return this.#addData(valueAt(text, start + 5, end))
    if (first === COLON) return this.#options.onComment?.(valueAt(text, start + 1, end))
    // Cut out first: a search for the colon in the whole text could run far past the line, again and again.
    const line = text.slice(start, end)
    const colon = line.indexOf(':')
    if (colon === -1) this.#setField(line, '')
    else this.#setField(line.slice(0, colon), valueAt(line, colon + 1, line.length))
  }

  #setField(name: string, value: string): void {
    if (name === 'event') this.#type = value
    else if (name === 'data') this.#addData(value)
    else if (name === 'id' && !value.includes('\0')) this.#idBuffer = value
    else if (name === 'retry' && DIGITS.test(value)) {
      this.#options.onRetry?.(Math.min(Number(value), Number.MAX_SAFE_INTEGER))
    }
  }

  #addData(value: string): void {
    const { maxEventLines, maxEventChars } = this.#limits
    if (++this.#dataLines > maxEventLines) throw overLimit('maxEventLines', 'an event has more lines', maxEventLines)
    this.#data = this.#dataLines === 1 ? value : `${this.#data}\n${value}`
    if (this.#data.length > maxEventChars) throw overLimit('maxEventChars', 'an event is longer', maxEventChars)
  }

  #dispatch(): void {
    this.#lastEventId = this.#idBuffer
    const event: SseEvent = { id: this.#lastEventId, event: this.#type || 'message', data: this.#data }
    const hasData = this.#dataLines > 0
    this.#data = this.#type = ''
    this.#dataLines = 0
    if (hasData) this.#options.onEvent(event)
  }

  #checkLine(chars: number): void {
    const { maxLineChars } = this.#limits
    if (chars > maxLineChars) throw overLimit('maxLineChars', 'a line is longer', maxLineChars)
  }
}

function valueAt(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === SPACE ? start + 1 : start, end)
}
