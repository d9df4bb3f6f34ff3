import { createSluice, type Sluice } from '@sluice/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'

import {
  createJobs,
  type JobContext,
  type JobInfo,
  type Jobs,
  type JobsOptions,
  type JobSource,
} from '../../../src/index.ts'
import { memoryQueue } from '../../../src/memory.ts'

export const ADA = { owner: 'ada' }
export const EVE = { owner: 'eve' }

/** An attempt that a test is in the middle of. */
export interface Attempt {
  readonly context: JobContext
  say(text: string): void
  finish(): void
  fail(error: unknown): void
}

/** Jobs in memory on a clock that moves when it is told to, with a source that does what the test says. */
export interface JobsRig {
  readonly runtime: VirtualRuntime
  readonly sluice: Sluice
  readonly jobs: Jobs
  /** Attempts of the source `told`, in the order in which they began. */
  readonly attempts: Attempt[]
  readonly errors: unknown[]
  /** Lets some time pass, and all that is due happen. */
  pass(ms?: number): Promise<void>
  submit(options?: Partial<Parameters<Jobs['submit']>[2]>): Promise<JobInfo>
}

export function createJobsRig(options: Partial<JobsOptions> = {}, sources: Record<string, JobSource> = {}): JobsRig {
  const runtime = createVirtualRuntime()
  const sluice = createSluice({ runtime })
  const attempts: Attempt[] = []
  const errors: unknown[] = []
  const told: JobSource = (context) => {
    const { readable, writable } = new TransformStream<string, string>()
    const writer = writable.getWriter()
    const ignore = (): void => {}
    context.signal.addEventListener('abort', () => void writer.abort(context.signal.reason).catch(ignore), {
      once: true,
    })
    writer.closed.catch(ignore)
    attempts.push({
      context,
      say: (text) => void writer.write(text).catch(ignore),
      finish: () => void writer.close().catch(ignore),
      fail: (error) => void writer.abort(error).catch(ignore),
    })
    return readable
  }
  const jobs = createJobs({
    sluice,
    queue: memoryQueue({}, runtime),
    sources: { told, ...sources },
    onError: (error) => errors.push(error),
    ...options,
  })
  return {
    runtime,
    sluice,
    jobs,
    attempts,
    errors,
    pass: async (ms = 1) => {
      for (let turn = 0; turn < 50; turn++) await runtime.flush()
      await runtime.advance(ms)
      for (let turn = 0; turn < 50; turn++) await runtime.flush()
    },
    submit: (given) => jobs.submit('told', { topic: 'locks' }, { as: ADA, ...given }),
  }
}
