import type { Principal, Sluice } from '@sluice/core'

import type { JobInfo } from '../jobs/job-info.ts'
import type { Jobs } from '../jobs/jobs.ts'

/** Who waits, and for how long. */
export interface EndedAsked {
  readonly as: Principal
  readonly waitMs: number
  readonly signal: AbortSignal
  readonly sluice: Sluice
}

/** The job once it is over, or as it is when the time is. */
export async function ended(jobs: Jobs, job: JobInfo, { as, waitMs, signal, sluice }: EndedAsked): Promise<JobInfo> {
  const { scheduler } = sluice
  const untilMs = scheduler.now() + waitMs
  let last = job
  while (last.status !== 'ended' && !signal.aborted) {
    const restMs = Math.max(0, Math.ceil(untilMs - scheduler.now()))
    last = await jobs.info(last.id, { as, waitMs: restMs, after: last.version, signal })
    if (restMs === 0) break
  }
  return last
}
