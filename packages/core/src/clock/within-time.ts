import { Deadline } from './deadlines.ts'
import type { Scheduler } from './scheduler.ts'

/** How long something may take. */
export interface TimeLimit {
  ms: number
  /** Makes the error of what took longer. */
  tooLate: () => Error
}

/**
 * What `work` settles with, if it settles within a time on the scheduler's clock. What comes later is dropped: the work
 * itself is not stopped.
 */
export function withinTime<Value>(
  scheduler: Scheduler,
  work: PromiseLike<Value>,
  { ms, tooLate }: TimeLimit,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const deadline = new Deadline({ due: () => reject(tooLate()) })
    scheduler.schedule(deadline, scheduler.now() + ms)
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => scheduler.cancel(deadline))
  })
}
