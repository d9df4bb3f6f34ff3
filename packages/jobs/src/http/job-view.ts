import { BODY_HEADERS, jsonPlan, type Plan } from '@sluice/http'

import type { JobInfo } from '../jobs/job-info.ts'

/** A job as clients see it. Times are in seconds since 1970. */
export interface JobView {
  id: string
  object: 'job'
  /** Of the stream: `waiting`, `running` or `ended`. */
  status: JobInfo['status']
  /** Of the job: `queued`, `running`, `succeeded`, `failed`, `cancelled` or `expired`. */
  state: JobInfo['state']
  /** Where the stream of the attempt is: `GET /streams/{cursor}` reads what comes after it. */
  cursor: string | null
  attempt: number
  attempts: number
  /** The stream of the attempt that runs, or of the last one. */
  stream: string | null
  /** The step that was begun last. */
  steps?: { step: string; index: number; of?: number | undefined; message?: string | undefined } | undefined
  source: string
  meta: JobInfo['meta']
  created_at: number
  started_at: number | null
  ended_at: number | null
  end?: JobInfo['end']
  error?: JobInfo['error']
}

export function viewOf(job: JobInfo): JobView {
  const { id, status, state, attempt, attempts, source, meta, steps, end, error } = job
  return {
    id,
    object: 'job',
    status,
    state,
    cursor: job.cursor ?? null,
    attempt,
    attempts,
    stream: job.stream ?? null,
    ...(steps && { steps: { step: steps.name, index: steps.index, of: steps.of, message: steps.message } }),
    source,
    meta,
    created_at: seconds(job.createdAtMs),
    started_at: job.startedAtMs === undefined ? null : seconds(job.startedAtMs),
    ended_at: job.endedAtMs === undefined ? null : seconds(job.endedAtMs),
    ...(end && { end }),
    ...(error && { error }),
  }
}

/** What a poll compares: the job's version, in the words of HTTP. */
export function etagOf({ id, version }: Pick<JobInfo, 'id' | 'version'>): string {
  return `"${id.slice(4, 12)}-${version}"`
}

/** The version of an `If-None-Match` that is one of ours. */
export function versionOf(ifNoneMatch: string | undefined, id: string): number | undefined {
  for (const part of ifNoneMatch?.split(',') ?? []) {
    const [, name, version] = /^\s*(?:W\/)?"([\w]{1,16})-(\d{1,15})"\s*$/.exec(part) ?? []
    if (name === id.slice(4, 12)) return Number(version)
  }
  return undefined
}

/** The answer that tells of a job. What is not over is to be asked for again. */
export function jobPlan(
  status: number,
  job: JobInfo,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Plan {
  const { pollAfterMs, stream } = job
  return jsonPlan(status, body, {
    etag: etagOf(job),
    ...(stream !== undefined && { 'sluice-stream-id': stream }),
    ...(pollAfterMs !== undefined && {
      'retry-after': String(Math.ceil(pollAfterMs / 1_000)),
      'openai-poll-after-ms': String(pollAfterMs),
    }),
    vary: `Prefer, ${BODY_HEADERS.vary}`,
    ...headers,
  })
}

/** A time as HTTP's JSON has it. */
export function seconds(ms: number): number {
  return Math.round(ms) / 1_000
}
