import { cutError } from '../errors/client-error.ts'

/** What is told of a stream of events. */
export interface SseHandler {
  onEvent(type: string, data: string, id: string): void
  onRetry(retryMs: number): void
}

/** The most that one event may have, with the line that is not complete yet; a line counts for 32 more. */
const MAX_EVENT_CHARS = 8 * 1024 * 1024
const LINE_COST_CHARS = 32

/**
 * Reads one stream of Server-Sent Events, as the HTML standard has it, in time linear in what comes and within a bound. A
 * smaller twin of the parser of `@sluice/sse`, which pages need not load.
 */
export class SseReader {
  readonly #handler: SseHandler
  // It keeps the mark that the stream may begin with: cut in two, that would not always be told from a second one.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #begun = false
  /** Pieces of the line that is not complete yet. */
  #pieces: string[] = []
  #afterCr = false
  #data: string[] = []
  #type = ''
  #id = ''
  #lastId = ''
  #chars = 0

  constructor(handler: SseHandler) {
    this.#handler = handler
  }

  /** Takes the next piece, cut anywhere. @throws SluiceError over the bound, and what the handler throws */
  push(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true })
    if (text === '') return
    if (!this.#begun && text.startsWith('\ufeff')) text = text.slice(1)
    this.#begun = true
    if (this.#afterCr && text.startsWith('\n')) text = text.slice(1)
    this.#afterCr = text.endsWith('\r') || (text === '' && this.#afterCr)
    const lines = text.split(/\r\n|\n|\r/)
    const rest = lines.pop()!
    for (const line of lines) {
      this.#count(line)
      this.#line(this.#pieces.join('') + line)
      this.#pieces = []
    }
    this.#count(rest)
    this.#pieces.push(rest)
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#type = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.#handler.onRetry(Number(value))
  }

  #dispatch(): void {
    const [data, type] = [this.#data, this.#type]
    this.#lastId = this.#id
    this.#data = []
    this.#type = ''
    this.#chars = 0
    if (data.length > 0) this.#handler.onEvent(type || 'message', data.join('\n'), this.#lastId)
  }

  #count(line: string): void {
    this.#chars += line.length + LINE_COST_CHARS
    if (this.#chars > MAX_EVENT_CHARS) throw cutError('An event is longer than this client reads')
  }
}
