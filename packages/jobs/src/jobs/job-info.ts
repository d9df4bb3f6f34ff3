import type { EndEvent, Json, WireError } from '@sluice/core'

import type { JobPhase, JobStep } from '../job/job-machine.ts'

/** What is known of a job. */
export interface JobInfo {
  readonly id: string
  /** The name of its source. */
  readonly source: string
  readonly state: JobPhase
  /** Of the attempt's stream; `waiting` as long as there is none, `ended` when the job is over. */
  readonly status: 'waiting' | 'running' | 'ended'
  /** The attempt that runs, or the last one; 0: none has begun. */
  readonly attempt: number
  /** How many may begin. */
  readonly attempts: number
  /** The stream of that attempt: attach to it on any wire. */
  readonly stream?: string | undefined
  /** How far that stream is; a reader that begins there reads what comes. */
  readonly cursor?: string | undefined
  /** The step that was begun last. */
  readonly steps?: JobStep | undefined
  readonly meta: { readonly [name: string]: Json | undefined }
  /** Changes whenever anything else here but the cursor does: what a poll compares. */
  readonly version: number
  readonly createdAtMs: number
  readonly startedAtMs?: number | undefined
  readonly endedAtMs?: number | undefined
  /** When the next attempt may begin. */
  readonly notBeforeMs?: number | undefined
  /** The end of the last attempt's stream, once the job is over. */
  readonly end?: EndEvent | undefined
  /** Why it failed, or why the last attempt did. */
  readonly error?: WireError | undefined
  /** When to look again, in milliseconds. Absent when it is over. */
  readonly pollAfterMs?: number | undefined
}
