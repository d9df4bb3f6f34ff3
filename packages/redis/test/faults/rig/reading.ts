import type { ClosedCode, EndEvent, TokenStream } from '@sluice/core'
import type { Closed, Sink, WireBytes } from '@sluice/core/extend'
import { createSseParser, nativeSse, type SseEvent } from '@sluice/sse'

import { countTokens } from './text.ts'
import { Watched } from './watched.ts'

/** How one reader is served. */
export interface ReadingOptions {
  readonly heartbeatMs?: number | undefined
}

/** A reader over the native wire: what arrived, as the client on the other end would know it. */
export class Reading extends Watched {
  readonly id: string
  text = ''
  end: EndEvent | undefined
  closed: ClosedCode | undefined
  /** Cursor after what arrived: the last `id:`. */
  cursor = ''
  /** Events that had an `id:` line, and those that had none. */
  withCursor = 0
  withoutCursor = 0
  heartbeats = 0
  #detach: () => void
  /** Token with which this reading begins. */
  readonly #from: number
  #counted = 0
  /** What has come since it was last counted: a text of megabytes is looked at once. */
  #uncounted = ''

  constructor(stream: TokenStream, from: number, { heartbeatMs }: ReadingOptions = {}) {
    super()
    this.id = stream.id
    this.#from = from
    let lastId = ''
    const parser = createSseParser({
      onEvent: (event) => {
        const fresh = event.id !== lastId
        lastId = event.id
        this.#take(event, fresh)
      },
      onComment: () => void this.heartbeats++,
    })
    const sink: Sink = {
      write: (bytes: WireBytes) => {
        parser.push(bytes)
        this.changed()
        return true
      },
      drained: () => Promise.resolve(),
      close: () => connection.lost(),
      destroy: () => connection.lost(),
    }
    const connection = stream.deliver(sink, { wire: nativeSse, heartbeatMs })
    this.#detach = () => connection.lost()
  }

  /** Tokens so far. @throws Error unless the text is an exact run from where this reading began (contract 1) */
  get tokens(): number {
    this.#counted += countTokens(this.#uncounted, this.#from + this.#counted)
    this.#uncounted = ''
    return this.#counted
  }

  /** Whether it is over, in whatever way. */
  get over(): boolean {
    return this.end !== undefined || this.closed !== undefined
  }

  /** Resolves once so many tokens have arrived. */
  async reached(tokens: number, withinMs?: number): Promise<void> {
    await this.until(`${tokens} tokens`, () => this.tokens >= tokens, withinMs)
  }

  /** The stream's end. */
  ended(withinMs?: number): Promise<EndEvent> {
    return this.until('an end', () => this.end, withinMs)
  }

  /** Why this reading could not go on. */
  cut(withinMs?: number): Promise<ClosedCode> {
    return this.until('a notice that it is closed', () => this.closed, withinMs)
  }

  /** The client has gone. */
  leave(): void {
    this.#detach()
  }

  override toString(): string {
    const outcome = this.end ? `end ${this.end.reason}/${this.end.cause}` : (this.closed ?? 'open')
    return `a reading of ${this.text.length} characters, ${outcome}`
  }

  #take({ event, data, id }: SseEvent, fresh: boolean): void {
    if (event === 'opened') return
    if (this.over) throw new Error(`${event} after ${this.toString()}`)
    const said = JSON.parse(data) as object
    if (event === 'closed') return void (this.closed = (said as Closed).code)
    if (fresh) this.withCursor++
    else this.withoutCursor++
    this.cursor = id
    if (event === 'end') this.end = { type: 'end', ...said } as EndEvent
    else if (event === 'text') {
      const { text } = said as { text: string }
      this.text += text
      this.#uncounted += text
    }
  }
}
