import { invalidOption, requireInteger, type SourceIterator, toSourceIterator } from '@sluice/core/extend'
import type { Json, Source, SourceContext, SourceEvent } from '@sluice/core'

import type { JobStep } from '../job/job-machine.ts'
import type { JobContext, JobSource, StepOptions, StepProgress } from './job-source.ts'

const MAX_NAME = 100
const MAX_MESSAGE = 500
/** A source that tells of more without yielding anything has lost itself in a loop. */
const MAX_WAITING = 1_000

/** What an attempt is. */
export interface AttemptFacts {
  readonly job: JobContext['job']
  readonly input: Json | undefined
  /** Is told of each step, beside the readers. */
  readonly stepped: (step: JobStep) => void
}

/** The source of an attempt's stream: what the job's own source gives, and its steps as they are told. */
export function withSteps(source: JobSource, facts: AttemptFacts): Source {
  return (context) => {
    const steps = new Steps(facts.stepped)
    const given = source(new AttemptContext(context, facts, steps))
    const open = (items: unknown): AsyncIterable<never> => new SteppedItems(toSourceIterator(items), steps) as never
    return given instanceof Promise ? given.then(open) : open(given)
  }
}

/** Steps that were told and not yet read. */
class Steps {
  readonly #stepped: AttemptFacts['stepped']
  readonly #waiting: SourceEvent[] = []
  #index = 0
  #of: number | undefined
  #wake: (() => void) | undefined

  constructor(stepped: AttemptFacts['stepped']) {
    this.#stepped = stepped
  }

  begin = (name: string, { of = this.#of, message }: StepOptions = {}): void => {
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME)
      throw invalidOption('step', name, `a name of 1 to ${MAX_NAME} characters`)
    if (message !== undefined && (typeof message !== 'string' || message.length > MAX_MESSAGE))
      throw invalidOption('message', message, `a text of at most ${MAX_MESSAGE} characters`)
    if (of !== undefined) requireInteger('of', of, 1, 1_000_000)
    if (this.#waiting.length >= MAX_WAITING)
      throw invalidOption('step', name, `one of at most ${MAX_WAITING} that nothing was yielded between`)
    this.#of = of
    const index = ++this.#index
    const rest = { index, ...(of !== undefined && { of }), ...(message !== undefined && { message }) }
    const data: StepProgress = { step: name, ...rest }
    this.#waiting.push({ type: 'data', name: 'progress', data })
    this.#stepped({ name, ...rest })
    this.#wake?.()
  }

  take(): SourceEvent[] | undefined {
    return this.#waiting.length > 0 ? this.#waiting.splice(0) : undefined
  }

  /** Settles once there is a step. A source tells of its first one while it is pulled. */
  told(): Promise<undefined> {
    if (this.#waiting.length > 0) return Promise.resolve(undefined)
    return new Promise((resolve) => (this.#wake = () => resolve(undefined)))
  }
}

/**
 * A source's items with its steps between them: a step that is told while an item is waited for does not wait. By hand, since a
 * generator would not let go of that item when it is asked to stop.
 */
class SteppedItems {
  readonly #source: SourceIterator
  readonly #steps: Steps
  #next: Promise<IteratorResult<unknown>> | undefined

  constructor(source: SourceIterator, steps: Steps) {
    this.#source = source
    this.#steps = steps
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<unknown>> {
    for (;;) {
      const steps = this.#steps.take()
      if (steps) return { done: false, value: steps }
      this.#next ??= this.#pull()
      const first = await Promise.race([this.#next, this.#steps.told()])
      // What was told before the item comes before it.
      const told = this.#steps.take()
      if (told) return { done: false, value: told }
      if (!first) continue
      this.#next = undefined
      return first
    }
  }

  async return(reason?: unknown): Promise<IteratorResult<unknown>> {
    this.#next?.catch(() => {})
    await this.#source.stop(reason)
    return { done: true, value: undefined }
  }

  async #pull(): Promise<IteratorResult<unknown>> {
    return this.#source.items.next()
  }
}

/** A source's context, and what a job adds to it. */
class AttemptContext implements JobContext {
  readonly job: JobContext['job']
  readonly input: Json | undefined
  readonly step: JobContext['step']
  readonly #context: SourceContext

  constructor(context: SourceContext, { job, input }: AttemptFacts, steps: Steps) {
    this.#context = context
    this.job = job
    this.input = input
    this.step = steps.begin
  }

  get id(): string {
    return this.#context.id
  }

  get meta(): SourceContext['meta'] {
    return this.#context.meta
  }

  get signal(): AbortSignal {
    return this.#context.signal
  }

  get inbox(): SourceContext['inbox'] {
    return this.#context.inbox
  }

  get prefix(): string {
    return this.#context.prefix
  }

  get touch(): () => void {
    return () => this.#context.touch()
  }
}
