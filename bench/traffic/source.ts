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
  /** After its tokens the stream stays open and silent. */
  staysOpen?: boolean
  /** Notes when its signal aborts. Sources that do not ask for it never look at their signal. */
  watchesSignal?: boolean
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
  /** When each token of the `main` shape was yielded, in shared microseconds; paced rounds only. */
  readonly yieldedUs: Float64Array
  /** When each stream's signal aborted; 0: not yet. */
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
    return (input = {}) => produce(this, shape, Number(stream), input)
  }
}

/** What every source does before its first token. (Delegating with `yield*` would cost each token another promise.) */
async function begin(round: Round, shape: Shape, stream: number, { signal }: SourceInput): Promise<void> {
  if (shape.watchesSignal) {
    signal?.addEventListener('abort', () => (round.abortedUs[stream] = nowUs()), { once: true })
  }
  if (shape.gated) await round.gate
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
  await begin(round, shape, stream, input)
  const { tokens, tokensPerSecond = 1, burst = 1, head = 0 } = shape
  const intervalMs = 1_000 / tokensPerSecond
  // Streams that set off together are out of step with one another, as they are in life.
  const phase = shape.gated ? (stream * 0.618_034) % 1 : 0
  const startMs = performance.now() + phase * intervalMs
  const times = shape === round.shapes['main'] ? round.yieldedUs : undefined
  for (let index = 0; index < tokens; index++) {
    const step = Math.max(0, Math.floor((index - head) / burst))
    const waitMs = startMs + step * intervalMs - performance.now()
    // Timers cut fractions off; the rest of a burst does not wait for what is left.
    if (waitMs > 0 && (index - head) % burst === 0) await sleep(waitMs)
    const token = tokenOf(stream, index)
    if (times) times[stream * tokens + index] = nowUs()
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
