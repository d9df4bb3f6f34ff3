import type { Source, SourceItem } from '@sluice/core'

const TOKENS_A_TURN = 4
/** Letters that compression makes nothing of: some transports compress, and how much is under way is to be known. */
const NOISE = Array.from({ length: 64 * 1024 }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join('')

/** A source that says what a test tells it to, when it is told, and remembers how it was treated. */
export class Script {
  /** The text it was told to say, put together, … */
  said = ''
  /** … and what it has given of that, and of what it says endlessly. */
  given = ''
  /** Whether it was called. */
  started = false
  /** Settles when its signal aborts. */
  readonly aborted: Promise<void>
  readonly #aborted = Promise.withResolvers<void>()
  readonly #queue: SourceItem[] = []
  #endless: ((index: number) => string) | undefined
  #deaf = false
  #over = false
  #failure: { error: unknown } | undefined
  #changed = Promise.withResolvers<void>()

  constructor() {
    this.aborted = this.#aborted.promise
  }

  readonly source: Source = ({ signal }) => this.#run(signal)

  say(...items: SourceItem[]): void {
    this.said += items.filter((item) => typeof item === 'string').join('')
    this.#queue.push(...items)
    this.#change()
  }

  /** From now on it always has something to say: tokens of so many bytes, each with its number. */
  sayEndlessly(tokenBytes: number): void {
    this.#endless = (index) => `<${index}>`.padEnd(tokenBytes, NOISE.slice((index * 97) % (NOISE.length / 2)))
    this.#change()
  }

  /** From now on it goes on though its signal aborts, as a source does that never looks at it. */
  ignoreItsSignal(): void {
    this.#deaf = true
  }

  /** It has said all it has to say. */
  finish(): void {
    this.#endless = undefined
    this.#over = true
    this.#change()
  }

  fail(error: unknown): void {
    this.#failure = { error }
    this.#change()
  }

  async *#run(signal: AbortSignal): AsyncGenerator<SourceItem, void, undefined> {
    this.started = true
    // Its own: while one stream of a script is over, another one waits.
    const { promise: aborted, resolve: abort } = Promise.withResolvers<void>()
    void aborted.then(this.#aborted.resolve)
    signal.addEventListener('abort', () => abort())
    for (let index = 0; this.#deaf || !signal.aborted;) {
      const item = this.#queue.shift() ?? this.#endless?.(index++)
      if (item !== undefined) {
        if (typeof item === 'string') this.given += item
        yield item
      } else if (this.#failure) throw this.#failure.error
      else if (this.#over) return
      else await (this.#deaf ? this.#changed.promise : Promise.race([this.#changed.promise, aborted]))
      // What never waits by itself must let others have their turn.
      if (this.#endless && index % TOKENS_A_TURN === 0) await new Promise((resolve) => void setImmediate(resolve))
    }
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
