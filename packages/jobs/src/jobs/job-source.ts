import type { Actor, DataEvents, Json, SourceContext, SourceItems } from '@sluice/core'

/** How a step is told. */
export interface StepOptions {
  /** How many steps there are. What was said before counts until something else is said. */
  of?: number | undefined
  /** What it says to whoever waits: `planning…`. At most 500 characters. */
  message?: string | undefined
}

/** What the source of a job is given, beside what every source is. */
export interface JobContext extends SourceContext {
  /** What the job was submitted with. */
  readonly input: Json | undefined
  readonly job: {
    readonly id: string
    /** The name of this source. */
    readonly source: string
    /** 1 is the first. */
    readonly attempt: number
    /** How many may begin. */
    readonly attempts: number
    /** Whose job it is: a principal, or the application itself. */
    readonly as: Actor
  }
  /**
   * Says that a step begins. Readers of the stream get a `progress` event, whoever polls sees it in the job.
   *
   * @example
   * ```ts
   * const report: JobSource = async function* ({ step, input, signal }) {
   *   step('plan', { of: 2, message: 'planning…' })
   *   const plan = await runner.generate(input, { signal })
   *   step('write')
   *   yield* runner.generate(plan, { signal })
   * }
   * ```
   */
  readonly step: (name: string, options?: StepOptions) => void
}

/**
 * What a job does: a source of the stream of each attempt. It may be called again, by another process, when an attempt fails or its
 * worker is gone: what it does elsewhere must bear that.
 */
export type JobSource<Data extends DataEvents = DataEvents> = (
  context: JobContext,
) => SourceItems<Data> | Promise<SourceItems<Data>>

/** The data of the `progress` events that {@link JobContext.step} makes. */
export interface StepProgress {
  readonly step: string
  /** 1 is the first. */
  readonly index: number
  readonly of?: number | undefined
  readonly message?: string | undefined
}
