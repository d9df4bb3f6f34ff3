import { type Json, SluiceError, type TokenStream } from '@sluice/core'
import { fingerprintOf, requireKnownNames } from '@sluice/core/extend'
import {
  BODY_HEADERS,
  chooseRepresentation,
  emptyPlan,
  type ExtensionAsked,
  jsonPlan,
  type LaterAsked,
  type Plan,
  readAsyncWaitMs,
  readWaitMs,
  type ResourceExtension,
} from '@sluice/http'

import type { JobInfo } from '../jobs/job-info.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { SubmitOptions } from '../jobs/submit.ts'
import { etagOf, jobPlan, versionOf, viewOf } from './job-view.ts'
import { ended } from './ended.ts'
import { operationHandlers } from './operation-routes.ts'
import { listQuery, pageOf, readSubmit } from './requests.ts'

/** What a start becomes that is answered later. */
export interface LaterJob {
  readonly source: string
  readonly input: Json
}

/** Options of {@link jobRoutes}. */
export interface JobRoutesOptions<Raw = unknown> {
  jobs: Jobs
  /**
   * Says which job a start with `Prefer: respond-async` on another route of the resource becomes. Left out, such a start is a stream that
   * runs on in this process.
   */
  later?: ((asked: LaterAsked<Raw>) => LaterJob | Promise<LaterJob>) | undefined
  /**
   * Says what a client may submit by `POST /jobs`: gives the input that the source gets, or throws a `SluiceError` that the client is told.
   * Default: what the client sent.
   */
  submit?:
    | ((source: string, input: Json | undefined, asked: ExtensionAsked<Raw>) => LaterJob | Promise<LaterJob>)
    | undefined
}

const JOB_PATH = /^\/jobs\/([\w-]{1,128})(?:\/(cancel|retry))?$/
/** Where no attempt has begun yet, a reader waits so long for one. */
const ATTACH_WAIT_MS = 25_000

/**
 * Jobs as routes of a stream resource: `POST /jobs`, `GET /jobs`, `GET /jobs/{id}` (its JSON, or the stream of its attempt on any wire), its
 * `cancel` and `retry`, `DELETE`, and the same as operations of AIP-151 under `/operations`.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const resource = createStreamResource({ sluice, identify, extensions: [jobRoutes({ jobs })] })
 * ```
 */
export function jobRoutes<Raw = unknown>(options: JobRoutesOptions<Raw>): ResourceExtension<Raw> {
  requireKnownNames('jobRoutes', options, ['jobs', 'later', 'submit'])
  const { jobs, later } = options
  const operations = operationHandlers<Raw>(jobs)
  return {
    paths: ['/jobs', '/operations'],
    methodsOf(path) {
      if (path === '/jobs') return ['GET', 'HEAD', 'POST']
      const verb = JOB_PATH.exec(path)
      if (verb) return verb[2] === undefined ? ['GET', 'HEAD', 'DELETE'] : ['POST']
      return operations.methodsOf(path)
    },
    streamsAt: (path) => {
      const match = JOB_PATH.exec(path)
      return match !== null && match[2] === undefined
    },
    async handle(asked) {
      const { request, principal: as } = asked
      const { path, method } = request
      if (path === '/jobs') return method === 'POST' ? submit(options, asked) : list(jobs, asked)
      const [, id, verb] = JOB_PATH.exec(path) ?? []
      if (id === undefined) return operations.handle(asked)
      if (verb === 'cancel') return told(await jobs.cancel(id, { as }))
      if (verb === 'retry') return told(await jobs.retry(id, { as }))
      return method === 'DELETE' ? told(await jobs.erase(id, { as })) : read(jobs, asked, id)
    },
    ...(later && { later: async (asked: LaterAsked<Raw>) => startLater(jobs, asked, await later(asked)) }),
  }
}

async function submit<Raw>({ jobs, submit: check }: JobRoutesOptions<Raw>, asked: ExtensionAsked<Raw>): Promise<Plan> {
  const { request, principal: as } = asked
  const { source, input, key, options } = readSubmit(await asked.body(), request)
  const job = check ? await check(source, input, asked) : { source, input }
  // What the application adds may differ each time; what the client asked for is what it repeats.
  const asks = { source, input: input ?? null }
  const repeat = key === undefined ? {} : await repeatOf(`jobs:${key}`, await fingerprintOf(asks))
  const waitMs = readAsyncWaitMs(request) ?? readWaitMs(request)
  const submitted = await jobs.submit(job.source, job.input, { as, ...options, ...repeat })
  const { signal } = request
  const info = await ended(jobs, submitted, { as, waitMs, signal, sluice: asked.sluice })
  return info.status === 'ended' ? told(info) : accepted(request.mount, info)
}

async function startLater<Raw>(
  jobs: Jobs,
  { principal: as, request, idempotency, meta, wire, waitMs, sluice }: LaterAsked<Raw>,
  { source, input }: LaterJob,
): Promise<{ stream: TokenStream } | { plan: Plan }> {
  const repeat = idempotency ? await repeatOf(idempotency.key, idempotency.fingerprint) : {}
  const submitted = await jobs.submit(source, input, { as, meta, wire, ...repeat })
  const job = await ended(jobs, submitted, { as, waitMs, signal: request.signal, sluice })
  // A client is told how the attempt failed as if it had waited for the stream itself.
  if (job.status === 'ended' && job.stream !== undefined)
    return { stream: await sluice.attach({ id: job.stream }, { as }) }
  return { plan: job.status === 'ended' ? told(job) : accepted(request.mount, job) }
}

/** A client's key and its route together may be longer than a job's key. */
async function repeatOf(
  key: string,
  fingerprint: string,
): Promise<Pick<SubmitOptions, 'idempotencyKey' | 'fingerprint'>> {
  return { idempotencyKey: await fingerprintOf(key), fingerprint }
}

async function list<Raw>(jobs: Jobs, { request, principal: as }: ExtensionAsked<Raw>): Promise<Plan> {
  const { jobs: page, more } = await jobs.list({ as, ...listQuery(request.query) })
  return jsonPlan(200, pageOf(page.map(viewOf), more))
}

async function read<Raw>(jobs: Jobs, asked: ExtensionAsked<Raw>, id: string): Promise<Plan> {
  const { request, principal: as } = asked
  const representation = chooseRepresentation(request.header('accept'))
  if (representation === undefined) {
    const message = 'A job is shown as text/event-stream, as application/x-ndjson or as application/json.'
    throw new SluiceError('SLUICE_ERR_REQUEST', message, { status: 406 })
  }
  const { signal } = request
  if (representation !== 'json') {
    // The handle is not read: it only says that there is a stream by now.
    const { id: stream } = await jobs.attach(id, { as, waitMs: ATTACH_WAIT_MS, signal })
    return asked.readStream(stream)
  }
  const known = versionOf(request.header('if-none-match'), id)
  const waitMs = readWaitMs(request)
  const job = await jobs.info(id, { as, waitMs, after: known, signal })
  if (known === job.version) return notModified(job)
  return told(job)
}

function told(job: JobInfo): Plan {
  return jobPlan(200, job, viewOf(job))
}

function accepted(mount: string, job: JobInfo): Plan {
  const headers = { location: `${mount}/jobs/${job.id}`, 'preference-applied': 'respond-async' }
  return jobPlan(202, job, viewOf(job), headers)
}

function notModified(job: JobInfo): Plan {
  const { pollAfterMs } = job
  const again: Record<string, string> =
    pollAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(pollAfterMs / 1_000)) }
  return emptyPlan(304, { etag: etagOf(job), vary: `Prefer, ${BODY_HEADERS.vary}`, ...again })
}
