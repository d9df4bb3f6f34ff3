import { createHash, randomBytes } from 'node:crypto'

import { type Actor, type Json, SluiceError, type StartOptions } from '@sluice/core'
import { fingerprintOf, invalidOption, isName, requireActor, requireInteger } from '@sluice/core/extend'

import type { DocumentBound } from '../documents/document-store.ts'
import { scopeOf } from '../documents/scope.ts'
import { beginJob } from '../job/job-machine.ts'
import type { DrainRate } from './drain-rate.ts'
import { INPUT, JOB, type JobFacts, NAME, ownerOf, placeOf, type ReadJob } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { type JobOptions, resolveJobOptions, type ResolvedJobsOptions } from './options.ts'

/** Options of `submit`. */
export interface SubmitOptions extends JobOptions {
  /** Whose job it is. Required. */
  as: Actor
  /** Small facts, kept with the job, shown to whoever looks at it, and given to the source. */
  meta?: { readonly [name: string]: Json | undefined } | undefined
  /** The wire that readers get where they ask for none, and what that must remember. Default: sluice's own. */
  wire?: StartOptions['wire']
  /** The first attempt begins so many milliseconds later, at the earliest. Default 0. */
  delayMs?: number | undefined
  /** Jobs with more go first; a whole number from -1000 to 1000. Default 0. */
  priority?: number | undefined
  /** The same key and input give the same job, for as long as it is kept; another input is refused. */
  idempotencyKey?: string | undefined
  /** What such a repeat is compared by. Default: the source and the input. For an input that has more in it than was asked for. */
  fingerprint?: string | undefined
}

const MAX_META_BYTES = 16 * 1024
const MAX_KEY = 256

/** What submitting needs. */
export interface SubmitParts {
  readonly options: ResolvedJobsOptions
  readonly store: JobStore
  readonly rate: DrainRate
}

/** Writes a job down, unless the idempotency key names one; `isNew` says which. */
export async function submitJob(
  { options, store, rate }: SubmitParts,
  source: string,
  input: Json | undefined,
  { as, meta = {}, delayMs = 0, priority = 0, idempotencyKey, fingerprint, wire, ...rest }: SubmitOptions,
): Promise<{ job: ReadJob; isNew: boolean }> {
  const actor = requireActor(as)
  if (!options.sources.has(source)) throw unknownSource(source, options)
  requireInteger('delayMs', delayMs, 0, 365 * 86_400_000)
  requireInteger('priority', priority, -1_000, 1_000)
  const { documents } = options.queue
  const { attempts, waitMs, keepMs } = resolveJobOptions(rest, options.job)
  const facts: JobFacts = {
    source,
    ...ownerOf(actor),
    attempts,
    waitMs,
    keepMs,
    priority,
    ...(wire && { wire }),
    meta: copyOf('meta', meta, MAX_META_BYTES) as JobFacts['meta'],
  }
  const value = input === undefined ? {} : { input: copyOf('input', input, options.limits.inputBytes) }
  const job: ReadJob = {
    id: `job_${randomBytes(16).toString('hex')}`,
    version: 1,
    facts,
    state: beginJob(store.now(), delayMs),
  }
  const { id, state } = job
  const asked = { source, input: value.input ?? null }
  const compared = async (): Promise<string> => fingerprint ?? (await fingerprintOf(asked))
  const name = await nameOf(actor, idempotencyKey, compared)
  const scope = scopeOf(actor)
  for (;;) {
    // First, so that who asks again is answered also when there is no room for more.
    const repeated = name && (await repeatedJob(options, store, name))
    if (repeated) return { job: repeated, isNew: false }
    const written = await documents.write(
      [
        { kind: JOB, id, after: 0, value: { facts, state } as unknown as Json, place: placeOf(job), dueInMs: delayMs },
        { kind: INPUT, id, after: 0, value, place: { scope, state: 'kept' } },
        ...(name
          ? [
              {
                kind: NAME,
                id: name.id,
                after: 0,
                value: { job: id, fingerprint: name.fingerprint },
                place: { scope, state: 'kept' },
                forgetInMs: waitMs + delayMs + keepMs,
              },
            ]
          : []),
      ],
      boundsOf(options, scope),
    )
    if (written.is === 'ok') return { job, isNew: true }
    if (written.is === 'full') throw await fullError(written.bound, rate)
  }
}

function boundsOf({ limits }: ResolvedJobsOptions, scope: string): DocumentBound[] {
  return [
    { kind: JOB, scope, state: 'queued', atMost: limits.queuedPerOwner },
    { kind: JOB, state: 'queued', atMost: limits.queued },
  ]
}

async function fullError({ scope, atMost }: DocumentBound, rate: DrainRate): Promise<SluiceError> {
  const retryAfterMs = await rate.untilRoomMs(atMost)
  const message =
    scope === undefined
      ? `No more than ${atMost} jobs may wait here; try again later.`
      : `No more than ${atMost} of your jobs may wait; try again when some have begun, or cancel some.`
  return new SluiceError('SLUICE_ERR_QUEUE_FULL', message, { status: scope === undefined ? 503 : 429, retryAfterMs })
}

interface JobName {
  readonly id: string
  readonly fingerprint: string
}

async function nameOf(actor: Actor, key: unknown, compared: () => Promise<string>): Promise<JobName | undefined> {
  if (key === undefined) return undefined
  if (!isName(key) || key === '' || key.length > MAX_KEY)
    throw invalidOption(
      'idempotencyKey',
      key,
      `a text of 1 to ${MAX_KEY} characters, without halves of surrogate pairs`,
    )
  const id = createHash('sha256')
    .update(JSON.stringify([scopeOf(actor), key]))
    .digest('base64url')
  return { id, fingerprint: await compared() }
}

/** The job of that name. `undefined`: it is gone, and so is its name. */
async function repeatedJob(
  { queue }: ResolvedJobsOptions,
  store: JobStore,
  name: JobName,
): Promise<ReadJob | undefined> {
  const found = await queue.documents.read({ kind: NAME, id: name.id })
  if (!found) return undefined
  const { job, fingerprint } = found.value as { job: string; fingerprint: string }
  if (fingerprint !== name.fingerprint) {
    throw new SluiceError(
      'SLUICE_ERR_IDEMPOTENCY_MISMATCH',
      'This Idempotency-Key was used with another request; use a new key, or repeat the same request.',
    )
  }
  const kept = await store.find(job)
  if (!kept) await queue.documents.write([{ kind: NAME, id: name.id, after: found.version }])
  return kept
}

function copyOf(name: string, value: unknown, maxBytes: number): Json {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {}
  if (text !== undefined && Buffer.byteLength(text) <= maxBytes) return JSON.parse(text) as Json
  throw new SluiceError(
    text === undefined ? 'SLUICE_ERR_OPTION' : 'SLUICE_ERR_TOO_LARGE',
    `The option "${name}" must be JSON of at most ${maxBytes} bytes.`,
  )
}

function unknownSource(source: unknown, { sources }: ResolvedJobsOptions): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_REQUEST',
    `There is no source ${JSON.stringify(source) ?? String(source)}; there are: ${[...sources.keys()].join(', ')}.`,
  )
}
