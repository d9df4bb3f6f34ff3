import { type EndEvent, isSluiceError, type Json, SluiceError, type TokenStream } from '@sluice/core'

import type { ClaimedJob } from '../queue/job-queue.ts'
import type { JobStep } from '../job/job-machine.ts'
import { againAfter } from './backoff.ts'
import { actorOf, INPUT, type ReadJob } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import type { ResolvedJobsOptions } from './options.ts'
import { withSteps } from './step-source.ts'
import { isStreamGone } from './stream-gone.ts'

/** How soon a job that was not let in is tried again, where nothing else was said. */
const REFUSED_AGAIN_MS = 1_000

/** What attempts need. */
export interface AttemptParts {
  readonly options: ResolvedJobsOptions
  readonly store: JobStore
  /** The job waits again, or will. */
  readonly offer: (job: ReadJob) => Promise<void>
  /** An attempt is over. */
  readonly done: () => void
}

/** Makes the next attempt of a job that this worker has. Settles when it is over here. */
export async function attemptJob(parts: AttemptParts, claimed: ClaimedJob): Promise<void> {
  const { store, options } = parts
  const { id } = claimed
  const begun = await store.advance(id, { type: 'claim', nowMs: store.now() })
  if (!begun) return
  const { before, job } = begun
  // Whoever had it before may believe that it still has: its stream is closed, so that nothing more is said there.
  if (before.state.phase === 'running') await interrupt(options, before)
  if (begun.outcome !== 'ok') return
  const { attempt } = job.state
  const stream = await start(parts, job, claimed)
  if (!stream) return
  const named = await store.advance(id, { type: 'stream', attempt, stream: stream.id })
  // It was cancelled meanwhile, or somebody else has it.
  if (named?.outcome !== 'ok') await close(options, job, stream.id, named?.job.state.phase === 'cancelled')
  const lost = (): void => void close(options, job, stream.id, false).catch(options.onError)
  claimed.lost.addEventListener('abort', lost, { once: true })
  if (claimed.lost.aborted) lost()
  const end = await stream.ended
  claimed.lost.removeEventListener('abort', lost)
  await finish(parts, job, end)
}

/** The stream of an attempt. `undefined`: it did not come to that, and the job waits again, or has failed. */
async function start(parts: AttemptParts, job: ReadJob, claimed: ClaimedJob): Promise<TokenStream | undefined> {
  const { options, store } = parts
  const { id, facts, state } = job
  const { attempt } = state
  const source = options.sources.get(facts.source)
  const input = await options.queue.documents.read({ kind: INPUT, id })
  if (!source || !input) {
    const message = source
      ? 'The input of the job is not kept any more.'
      : `No worker here has a source "${facts.source}".`
    await finish(parts, job, failedEnd(message))
    return undefined
  }
  let steps: Promise<unknown> = Promise.resolve()
  const stepped = (step: JobStep): void => {
    // One after the other: the last one said is the last one written.
    steps = steps.then(() => store.advance(id, { type: 'step', attempt, step })).catch(options.onError)
  }
  const run = withSteps(source, {
    job: { id, source: facts.source, attempt, attempts: facts.attempts, as: actorOf(facts) },
    input: (input.value as { readonly input?: Json }).input,
    stepped,
  })
  try {
    return await options.sluice.start(run, {
      ...options.stream,
      as: actorOf(facts),
      onDisconnect: 'continue',
      retentionMs: facts.keepMs,
      wire: facts.wire,
      meta: { ...facts.meta, job: id, attempt },
    })
  } catch (error) {
    if (claimed.lost.aborted) return undefined
    const afterMs = (isSluiceError(error) ? error.retryAfterMs : undefined) ?? REFUSED_AGAIN_MS
    if (!isSluiceError(error)) options.onError(error)
    const back = await store.advance(id, { type: 'give-back', attempt, nowMs: store.now(), afterMs })
    if (back?.outcome === 'ok') await parts.offer(back.job)
    return undefined
  }
}

async function finish(parts: AttemptParts, { id, state }: ReadJob, end: EndEvent): Promise<void> {
  const { store, options, offer, done } = parts
  const { attempt } = state
  const nowMs = store.now()
  // A worker that shuts down is no fault of the job's.
  const isDrained = end.reason === 'interrupted' && end.cause === 'drain'
  const ended = isDrained
    ? await store.advance(id, { type: 'give-back', attempt, nowMs, afterMs: 0 })
    : await store.advance(id, { type: 'end', attempt, nowMs, end, again: againAfter(end, attempt, options.backoff) })
  done()
  if (ended?.outcome === 'ok' && ended.job.state.phase === 'queued') await offer(ended.job)
}

function interrupt(options: ResolvedJobsOptions, { state, facts }: ReadJob): Promise<void> {
  return state.stream === undefined ? Promise.resolve() : close(options, { facts }, state.stream, false)
}

/** Ends an attempt's stream for everyone, wherever it runs. */
export async function close(
  { sluice }: Pick<ResolvedJobsOptions, 'sluice'>,
  { facts }: Pick<ReadJob, 'facts'>,
  id: string,
  isCancelled: boolean,
): Promise<void> {
  const ref = { id, tenant: facts.tenant }
  try {
    if (isCancelled) await sluice.cancel(ref, { as: 'server' })
    else await sluice.interrupt(ref)
  } catch (error) {
    if (!isStreamGone(error)) throw error
  }
}

function failedEnd(message: string): EndEvent {
  const { code, status } = new SluiceError('SLUICE_ERR_SOURCE', message)
  return {
    type: 'end',
    reason: 'error',
    complete: false,
    cause: 'source',
    error: { code, message, status, retryable: true },
  }
}
