import { nowUs } from '../process/clock.ts'
import { FAT_TOKEN_BYTES, fatTokenOf, TOKEN_CHARS, tokenOf } from './fixtures.ts'

/** How the streams of one round behave. */
export interface Shape {
  /** Tokens a stream gives before it ends, or before it falls silent. */
  tokens: number
  /** Tokens ready in each turn of the event loop; of a paced stream, at each of its steps. Default 1. */
  burst?: number
  /** Makes it paced: the time between tokens is kept, whatever the reader does. In bursts: steps a second. */
  tokensPerSecond?: number
  /** Tokens that a paced stream gives at once before its pace begins. */
  head?: number
  /** Tokens of 4 KiB instead of four characters. */
  fat?: boolean
  /** The first token waits for the round's gate. */
  gated?: boolean
  /** The first token of a paced stream does not wait for it: some servers send no head before they have one. */
  greets?: boolean
  /** After its tokens the stream stays open and silent. */
  staysOpen?: boolean
  /**
   * Notes when it is stopped: its signal aborts, or nobody wants its next token any more. Sources that do not ask for it never
   * look at their signal.
   */
  watchesSignal?: boolean
  /** What is noted of a paced token is when it was due, not when it was yielded: a source that is held back hides no wait. */
  due?: boolean
  /** Paced tokens that are late come one in a turn of the event loop, as from as many connections; else all at once. */
  lateInTurn?: boolean
}

/** What a source is given by whoever runs it: sluice's context, or nothing. */
export interface SourceInput {
  readonly signal?: AbortSignal
}

/** What a source gives, token by token. */
export type Tokens = AsyncGenerator<string, void, undefined>

/** Streams that are started and measured together, and what their sources noted. */
export class Round {
  readonly shapes: { readonly [name: string]: Shape }
  readonly streams: number
  /** When each token of the `main` shape was yielded, or due, in shared microseconds; paced rounds only. */
  readonly yieldedUs: Float64Array
  /** When each stream was stopped; 0: not yet. */
  readonly abortedUs: Float64Array
  pulledBytes = 0
  readonly #gate = Promise.withResolvers<void>()

  constructor(shapes: { readonly [name: string]: Shape }, streams: number) {
    this.shapes = shapes
    this.streams = streams
    const { main } = shapes
    this.yieldedUs = new Float64Array(main?.tokensPerSecond ? streams * main.tokens : 0)
    this.abortedUs = new Float64Array(streams)
  }

  get gate(): Promise<void> {
    return this.#gate.promise
  }

  open(): void {
    this.#gate.resolve()
  }

  /** The source of one request: `/<shape>/<stream>`. */
  sourceAt(path: string): (input?: SourceInput) => Tokens {
    const [, name = '', stream = ''] = path.split('/')
    const shape = this.shapes[name]
    if (!shape) throw new Error(`No shape "${name}" in this round.`)
    const produce = shape.tokensPerSecond ? paced : shape.fat ? fat : fast
    return (input = {}) => {
      const tokens = produce(this, shape, Number(stream), input)
      return shape.watchesSignal ? watched(tokens, this, Number(stream)) : tokens
    }
  }
}

/** What every source does before its first token. (Delegating with `yield*` would cost each token another promise.) */
async function begin(round: Round, shape: Shape, stream: number, { signal }: SourceInput): Promise<void> {
  if (shape.watchesSignal) {
    signal?.addEventListener('abort', () => (round.abortedUs[stream] ||= nowUs()), { once: true })
  }
  if (shape.gated) await round.gate
}

/** Notes a `return`: what servers without a signal do when their reader has gone, those that do something. */
function watched(tokens: Tokens, round: Round, stream: number): Tokens {
  const stop = tokens.return.bind(tokens)
  tokens.return = (value) => {
    round.abortedUs[stream] ||= nowUs()
    return stop(value)
  }
  return tokens
}

async function* fast(round: Round, shape: Shape, stream: number, input: SourceInput): Tokens {
  await begin(round, shape, stream, input)
  const { tokens, burst = 1 } = shape
  for (let index = 0; index < tokens; index++) {
    if (index % burst === 0) await nextTurn()
    round.pulledBytes += TOKEN_CHARS
    yield tokenOf(stream, index)
  }
  if (shape.staysOpen) await forEver()
}

async function* paced(round: Round, shape: Shape, stream: number, input: SourceInput): Tokens {
  const { tokens, tokensPerSecond = 1, burst = 1, head = 0, fat: isFat, due, lateInTurn, greets } = shape
  const times = shape === round.shapes['main'] ? round.yieldedUs : undefined
  if (greets) {
    if (times) times[stream * tokens] = nowUs()
    yield isFat ? fatTokenOf(stream, 0) : tokenOf(stream, 0)
  }
  await begin(round, shape, stream, input)
  const intervalMs = 1_000 / tokensPerSecond
  // Streams that set off together are out of step with one another, as they are in life.
  const phase = shape.gated ? (stream * 0.618_034) % 1 : 0
  const startMs = performance.now() + phase * intervalMs
  const startUs = nowUs() + phase * intervalMs * 1_000
  for (let index = greets ? 1 : 0; index < tokens; index++) {
    const step = Math.max(0, Math.floor((index - head) / burst))
    const waitMs = startMs + step * intervalMs - performance.now()
    if ((index - head) % burst === 0) {
      // Timers cut fractions off; the rest of a burst does not wait for what is left.
      if (waitMs > 0) await sleep(waitMs)
      else if (lateInTurn) await nextTurn()
    }
    const token = isFat ? fatTokenOf(stream, index) : tokenOf(stream, index)
    if (isFat) round.pulledBytes += FAT_TOKEN_BYTES
    if (times) times[stream * tokens + index] = due ? startUs + step * intervalMs * 1_000 : nowUs()
    yield token
  }
}

async function* fat(round: Round, shape: Shape, stream: number, input: SourceInput): Tokens {
  await begin(round, shape, stream, input)
  for (let index = 0; index < shape.tokens; index++) {
    await nextTurn()
    round.pulledBytes += FAT_TOKEN_BYTES
    yield fatTokenOf(stream, index)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

/** What sources wait for that wait for ever: a wait that nothing refers to would be collected, and its source with it. */
const never: unknown[] = []

function forEver(): Promise<never> {
  return new Promise((resolve) => never.push(resolve))
}
