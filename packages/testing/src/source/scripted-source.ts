import type { Runtime, Source, SourceContext, SourceItem, SourceItems } from '@sluice/core'
import { playSteps, playStepsAtOnce, type SourceStep, type Stage, takesTime } from './source-steps.ts'

/** What a scripted source returns, of all that a source may return. */
export type SourceShape = 'async-iterable' | 'iterator-without-return' | 'readable-stream' | 'iterable'

/** How a scripted source is played. */
export interface ScriptedSourceOptions {
  /**
   * The clock of `wait` and of `abortedAtMs`.
   * @defaultValue the system's
   */
  runtime?: Runtime | undefined
  /**
   * What the source returns.
   * @defaultValue 'async-iterable'
   */
  shape?: SourceShape | undefined
  /**
   * Steps before the source settles: `wait`, `hang`, `throw`, `ignoreAbort`. The source then returns a promise of its
   * shape; without `opening` it returns the shape itself.
   */
  opening?: readonly SourceStep[] | undefined
  /** The source function throws this at once, synchronously. Boxed, so that `undefined` can be thrown too. */
  throwAtOnce?: { error: unknown } | undefined
}

/** A source that plays a script, and what became of it. */
export interface ScriptedSource {
  readonly source: Source
  /** Times the source function was called. */
  readonly started: number
  /** What it was given, at the last call. */
  readonly context: SourceContext | undefined
  /** Items asked for. */
  readonly pulls: number
  /** Pulls not answered yet. */
  readonly outstanding: number
  /** Pulls made while another was outstanding; each was rejected. Must be 0. A `ReadableStream` hides them. */
  readonly overlappingPulls: number
  /** Items given. */
  readonly yielded: number
  /** True once the signal has aborted. */
  readonly aborted: boolean
  /** When it did, by the runtime's clock. */
  readonly abortedAtMs: number | undefined
  /** Times `return` was called (of a `ReadableStream`: `cancel`). */
  readonly returned: number
  /** True once the script was played, has failed or was returned: nothing runs any more. */
  readonly settled: boolean
}

class Recorder implements ScriptedSource {
  started = 0
  context: SourceContext | undefined
  pulls = 0
  outstanding = 0
  overlappingPulls = 0
  yielded = 0
  aborted = false
  abortedAtMs: number | undefined
  returned = 0
  settled = false
  readonly source: Source
  readonly #steps: readonly SourceStep[]
  readonly #options: ScriptedSourceOptions

  constructor(steps: readonly SourceStep[], options: ScriptedSourceOptions) {
    this.#steps = steps
    this.#options = options
    this.source = (context) => this.#start(context)
  }

  #start(context: SourceContext): SourceItems | Promise<SourceItems> {
    const { runtime, opening, throwAtOnce } = this.#options
    this.started++
    this.context = context
    const onAbort = (): void => {
      this.aborted = true
      this.abortedAtMs = (runtime ?? performance).now()
    }
    if (context.signal.aborted) onAbort()
    else context.signal.addEventListener('abort', onAbort, { once: true })
    if (throwAtOnce) {
      this.settled = true
      throw throwAtOnce.error
    }
    const stage: Stage = { signal: context.signal, runtime, heedsAbort: true }
    return opening ? this.#open(opening, stage) : this.#items(stage)
  }

  async #open(opening: readonly SourceStep[], stage: Stage): Promise<SourceItems> {
    try {
      const { done } = await playSteps(opening, stage).next()
      if (!done) throw new TypeError("A source cannot yield while it opens; move the step out of 'opening'")
    } catch (error) {
      this.settled = true
      throw error
    }
    return this.#items(stage)
  }

  #items(stage: Stage): SourceItems {
    const { shape = 'async-iterable' } = this.#options
    if (shape === 'iterable') return this.#iterable(playStepsAtOnce(this.#steps, stage))
    const items = playSteps(this.#steps, stage)
    if (shape === 'readable-stream') return this.#stream(items)
    const next = (): Promise<IteratorResult<SourceItem>> => this.#pull(items)
    const iterator = shape === 'async-iterable' ? { next, return: () => this.#return(items) } : { next }
    return { [Symbol.asyncIterator]: () => iterator }
  }

  #iterable(items: Generator<SourceItem, void, void>): Iterable<SourceItem> {
    const next = (): IteratorResult<SourceItem, void> => {
      this.pulls++
      try {
        return this.#note(items.next())
      } catch (error) {
        this.settled = true
        throw error
      }
    }
    const iterator = {
      next,
      return: (): IteratorResult<SourceItem, void> => {
        this.returned++
        return this.#note(items.return())
      },
    }
    return { [Symbol.iterator]: () => iterator }
  }

  #stream(items: AsyncGenerator<SourceItem, void, void>): ReadableStream<SourceItem> {
    const pull = async (controller: ReadableStreamDefaultController<SourceItem>): Promise<void> => {
      const result = await this.#pull(items)
      if (this.returned > 0) return
      if (result.done) controller.close()
      else controller.enqueue(result.value)
    }
    const cancel = async (): Promise<void> => void (await this.#return(items))
    return new ReadableStream<SourceItem>({ pull, cancel }, { highWaterMark: 0 })
  }

  async #pull(items: AsyncGenerator<SourceItem, void, void>): Promise<IteratorResult<SourceItem, void>> {
    this.pulls++
    if (this.outstanding > 0) {
      this.overlappingPulls++
      throw new Error('The source was pulled while an earlier pull was still outstanding')
    }
    this.outstanding++
    try {
      return this.#note(await items.next())
    } catch (error) {
      this.settled = true
      throw error
    } finally {
      this.outstanding--
    }
  }

  // Like that of any async generator, this waits for the pull that is outstanding.
  async #return(items: AsyncGenerator<SourceItem, void, void>): Promise<IteratorResult<SourceItem, void>> {
    this.returned++
    return this.#note(await items.return())
  }

  #note(result: IteratorResult<SourceItem, void>): IteratorResult<SourceItem, void> {
    if (result.done) this.settled = true
    else this.yielded++
    return result
  }
}

/**
 * Makes a source that plays `steps` and counts what is done to it. It plays them anew each time it is called.
 *
 * It heeds its signal at each step by throwing the abort's reason, as `fetch` does, unless a step says `ignoreAbort`.
 *
 * @example
 * ```ts
 * const scripted = createScriptedSource([{ yield: 'Hello' }, { wait: 50 }, { yield: ' world' }], { runtime })
 * const stream = await sluice.start(scripted.source, { as: 'server' })
 * scripted.pulls // 3 in the end: two items and the end
 * ```
 */
export function createScriptedSource(
  steps: readonly SourceStep[],
  options: ScriptedSourceOptions = {},
): ScriptedSource {
  const slow = options.shape === 'iterable' ? steps.find(takesTime) : undefined
  if (slow) throw new TypeError(`A synchronous iterable cannot play ${JSON.stringify(slow)}; choose another shape`)
  return new Recorder(steps, options)
}
