import type { Sluice, StreamInfo } from '@sluice/core'

import { isOver } from '../job/job-machine.ts'
import type { JobInfo } from './job-info.ts'
import type { ReadJob } from './job-record.ts'
import { isStreamGone } from './stream-gone.ts'

const FIRST_POLL_MS = 1_000
const POLL_GROWTH = 1.6
const MOST_POLL_MS = 15_000

/** What is said of a job to who may look at it. */
export async function infoOfJob(sluice: Sluice, job: ReadJob): Promise<JobInfo> {
  const { id, version, facts, state, end } = job
  const over = isOver(state)
  const stream = await streamOf(sluice, job)
  return {
    id,
    source: facts.source,
    state: state.phase,
    status: over ? 'ended' : state.phase === 'running' ? statusOf(stream) : 'waiting',
    attempt: state.attempt,
    attempts: facts.attempts,
    stream: state.stream,
    cursor: stream?.cursor,
    steps: state.step,
    meta: facts.meta,
    version,
    createdAtMs: state.createdAtMs,
    startedAtMs: state.startedAtMs,
    endedAtMs: state.endedAtMs,
    notBeforeMs: state.notBeforeMs,
    end,
    error: state.phase === 'succeeded' ? undefined : state.error,
    ...(!over && { pollAfterMs: pollAfterMs(Date.now() - state.createdAtMs) }),
  }
}

/** Of an attempt that runs. Once its stream has ended, it is still to be written how the job has. */
function statusOf(stream: StreamInfo | undefined): JobInfo['status'] {
  return stream === undefined || stream.status === 'waiting' ? 'waiting' : 'running'
}

/** As if who polls had done so from the beginning: 1 s, then 1.6 times as long each time, up to 15 s. */
function pollAfterMs(ageMs: number): number {
  let waitMs = FIRST_POLL_MS
  for (let sumMs = waitMs; sumMs < ageMs && waitMs < MOST_POLL_MS; sumMs += waitMs) waitMs *= POLL_GROWTH
  return Math.round(Math.min(MOST_POLL_MS, waitMs))
}

async function streamOf(sluice: Sluice, { state, facts }: ReadJob): Promise<StreamInfo | undefined> {
  if (state.stream === undefined) return undefined
  try {
    return await sluice.info({ id: state.stream, tenant: facts.tenant }, { as: 'server' })
  } catch (error) {
    if (isStreamGone(error)) return undefined
    throw error
  }
}
