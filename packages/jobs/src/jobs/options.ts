import type { Sluice, StreamOptions } from '@sluice/core'
import { invalidOption, requireInteger, requireKnownNames, withDefault } from '@sluice/core/extend'

import type { DocumentWrite } from '../documents/document-store.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import type { JobInfo } from './job-info.ts'
import type { JobSource } from './job-source.ts'

/** How a job is attempted and kept. The same names at every level; the nearest wins. */
export interface JobOptions {
  /** How many attempts may begin: the first, and one for each that failed or was lost. Default 3. */
  attempts?: number | undefined
  /** How long it may wait for its first attempt, in milliseconds; then it is `expired`. Default 86,400,000: a day. */
  waitMs?: number | undefined
  /** How long it is kept after its end, the streams of its attempts too, in milliseconds. Default 86,400,000. */
  keepMs?: number | undefined
}

/** How much may wait. */
export interface JobLimits {
  /** Jobs of one owner that wait. More are refused (429). Default 1,000. */
  queuedPerOwner?: number | undefined
  /** Jobs that wait, of all owners. More are refused (503). Default 100,000. */
  queued?: number | undefined
  /** Jobs of one owner that run at a time, on all workers together. Default 16. */
  runningPerOwner?: number | undefined
  /** The input of one job, in bytes of JSON. Default 1,048,576. */
  inputBytes?: number | undefined
}

/** When a failed attempt is made again. */
export interface BackoffOptions {
  /** Before the second attempt, in milliseconds; doubled with each one. Half of it at least is waited, by chance. Default 1,000. */
  firstMs?: number | undefined
  /** Never longer than this, in milliseconds. Default 300,000. */
  maxMs?: number | undefined
}

/** How a worker that is gone is noticed. */
export interface LeaseOptions {
  /** How long a job belongs to a worker that says nothing, in milliseconds. Default 8,000. */
  leaseMs?: number | undefined
  /** How often it is looked for jobs without a worker, in milliseconds. Default 3,500. */
  checkMs?: number | undefined
}

/** Options of {@link createJobs}. */
export interface JobsOptions {
  /** Where the streams of attempts are. It must be shared by all processes that share the queue. */
  sluice: Sluice
  /** Where jobs wait: `memoryQueue()`, `sqliteQueue({ directory })`, `bullmqQueue({ url })`. */
  queue: JobQueue
  /** What jobs do, by name. Workers need all names that are submitted. */
  sources: { readonly [name: string]: JobSource }
  job?: JobOptions | undefined
  limits?: JobLimits | undefined
  backoff?: BackoffOptions | undefined
  lease?: LeaseOptions | undefined
  /** How the streams of attempts are produced. What is left out is the sluice's. */
  stream?: Omit<StreamOptions, 'onDisconnect' | 'retentionMs'> | undefined
  /** Documents that are written with the end of a job, all or none: deliveries of webhooks. */
  outbox?:
    | ((
        job: JobInfo & { readonly tenant: string; readonly owner: string },
      ) => readonly DocumentWrite[] | Promise<readonly DocumentWrite[]>)
    | undefined
  /** Is told of what no job is to blame for. Default: `process.emitWarning`. */
  onError?: ((error: unknown) => void) | undefined
}

/** What {@link JobsOptions} come to. */
export interface ResolvedJobsOptions {
  readonly sluice: Sluice
  readonly queue: JobQueue
  readonly sources: ReadonlyMap<string, JobSource>
  readonly job: ResolvedJobOptions
  readonly limits: Resolved<JobLimits>
  readonly backoff: Resolved<BackoffOptions>
  readonly lease: Resolved<LeaseOptions>
  readonly stream: NonNullable<JobsOptions['stream']>
  readonly outbox: JobsOptions['outbox']
  readonly onError: (error: unknown) => void
}

/** Options with nothing left open. */
export type Resolved<Options> = { readonly [Name in keyof Options]-?: NonNullable<Options[Name]> }
/** {@link JobOptions} with nothing left open. */
export type ResolvedJobOptions = Resolved<JobOptions>

const DAY_MS = 86_400_000

/** Defaults of the options of {@link createJobs}. */
export const DEFAULT_JOBS_OPTIONS: {
  readonly job: ResolvedJobOptions
  readonly limits: Resolved<JobLimits>
  readonly backoff: Resolved<BackoffOptions>
  readonly lease: Resolved<LeaseOptions>
} = {
  job: { attempts: 3, waitMs: DAY_MS, keepMs: DAY_MS },
  limits: { queuedPerOwner: 1_000, queued: 100_000, runningPerOwner: 16, inputBytes: 1024 * 1024 },
  backoff: { firstMs: 1_000, maxMs: 300_000 },
  lease: { leaseMs: 8_000, checkMs: 3_500 },
}

const NAMES = ['sluice', 'queue', 'sources', 'job', 'limits', 'backoff', 'lease', 'stream', 'outbox', 'onError']
const MAX: Record<string, readonly [number, number]> = {
  attempts: [1, 100],
  waitMs: [1, 365 * DAY_MS],
  keepMs: [0, 365 * DAY_MS],
  queuedPerOwner: [0, 100_000_000],
  queued: [0, 100_000_000],
  runningPerOwner: [1, 10_000],
  inputBytes: [2, 256 * 1024 * 1024],
  firstMs: [0, DAY_MS],
  maxMs: [0, DAY_MS],
  leaseMs: [100, 3_600_000],
  checkMs: [20, 3_600_000],
}

/** Checks options and fills what is left out. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveJobsOptions(options: JobsOptions): ResolvedJobsOptions {
  requireKnownNames('createJobs', options, NAMES)
  const { sluice, queue, sources, stream = {}, outbox, onError = warn } = options
  if (typeof sluice?.start !== 'function') throw invalidOption('sluice', sluice, 'what createSluice gives')
  if (typeof queue?.offer !== 'function') throw invalidOption('queue', queue, 'a queue, such as memoryQueue()')
  const entries = Object.entries(sources ?? {})
  if (entries.length === 0) throw invalidOption('sources', sources, 'at least one source by its name')
  for (const [name, source] of entries)
    if (typeof source !== 'function') throw invalidOption(`sources.${name}`, source, 'a source function')
  if (outbox !== undefined && typeof outbox !== 'function') throw invalidOption('outbox', outbox, 'a function')
  const defaults = DEFAULT_JOBS_OPTIONS
  return {
    sluice,
    queue,
    sources: new Map(entries),
    job: resolveJobOptions(options.job, defaults.job),
    limits: group('limits', options.limits, defaults.limits),
    backoff: group('backoff', options.backoff, defaults.backoff),
    lease: group('lease', options.lease, defaults.lease),
    stream,
    outbox,
    onError,
  }
}

/** How one job is attempted and kept. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveJobOptions(options: JobOptions | undefined, defaults: ResolvedJobOptions): ResolvedJobOptions {
  return group('job', options, defaults)
}

function group<Group extends object>(
  place: string,
  given: { [Name in keyof Group]?: Group[Name] | undefined } | undefined,
  defaults: Group,
): Group {
  const options: Record<string, unknown> = { ...given }
  requireKnownNames(place, options, Object.keys(defaults))
  const entries = Object.entries(defaults as Record<string, number>).map(([name, value]) => {
    const [least, most] = MAX[name]!
    return [name, requireInteger(name, withDefault(options[name] as number | undefined, value), least, most)]
  })
  return Object.fromEntries(entries) as Group
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), 'SluiceWarning')
}
