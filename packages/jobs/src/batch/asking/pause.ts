import { Deadline, type Scheduler } from '@sluice/core/extend'

/** Settles after so long, or when `signal` aborts: whoever waited looks which. */
export function pause(scheduler: Scheduler, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const over = (): void => {
      scheduler.cancel(deadline)
      signal?.removeEventListener('abort', over)
      resolve()
    }
    const deadline = new Deadline({ due: over })
    scheduler.schedule(deadline, scheduler.now() + ms)
    signal?.addEventListener('abort', over)
    return undefined
  })
}
