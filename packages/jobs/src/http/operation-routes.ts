import { SluiceError } from '@sluice/core'
import {
  type ExtensionAsked,
  jsonPlan,
  MAX_WAIT_SECONDS,
  type Plan,
  readWaitMs,
  type ResourceExtension,
} from '@sluice/http'

import type { Jobs } from '../jobs/jobs.ts'
import { ended } from './ended.ts'
import { jobPlan } from './job-view.ts'
import { operationOf } from './operation-view.ts'
import { listQuery } from './requests.ts'

const PATH = /^\/operations\/([\w-]{1,128})(?::(cancel|wait))?$/
const MAX_WAIT_MS = MAX_WAIT_SECONDS * 1_000

/**
 * The same jobs for clients of AIP-151. A deletion forgets an operation, which must be over: to end one is `:cancel`.
 */
export function operationHandlers<Raw>(jobs: Jobs): Pick<ResourceExtension<Raw>, 'methodsOf' | 'handle'> {
  return {
    methodsOf(path) {
      if (path === '/operations') return ['GET', 'HEAD']
      const match = PATH.exec(path)
      if (!match) return undefined
      return match[2] === undefined ? ['GET', 'HEAD', 'DELETE'] : ['POST']
    },
    async handle(asked) {
      const { request, principal: as } = asked
      const [, id, verb] = PATH.exec(request.path) ?? []
      if (id === undefined) return list(jobs, asked)
      if (verb === 'cancel') return (await jobs.cancel(id, { as }), jsonPlan(200, {}))
      if (verb === 'wait') return operation(jobs, asked, id, waitOf(await asked.body()))
      return request.method === 'DELETE' ? forget(jobs, asked, id) : operation(jobs, asked, id, readWaitMs(request))
    },
  }
}

async function list<Raw>(jobs: Jobs, { request, principal: as, sluice }: ExtensionAsked<Raw>): Promise<Plan> {
  const query = new URLSearchParams()
  const size = request.query.get('page_size') ?? request.query.get('pageSize')
  const token = request.query.get('page_token') ?? request.query.get('pageToken')
  if (size !== null && size !== '0') query.set('limit', size)
  if (token !== null && token !== '') query.set('after', token)
  const page = await jobs.list({ as, ...listQuery(query) })
  const operations = await Promise.all(page.jobs.map((job) => operationOf(sluice, job, as.tenant)))
  return jsonPlan(200, { operations, nextPageToken: page.more ? page.jobs.at(-1)!.id : '' })
}

/** The operation; while it is waited for, until it is over. */
async function operation<Raw>(jobs: Jobs, asked: ExtensionAsked<Raw>, id: string, waitMs: number): Promise<Plan> {
  const { principal: as, sluice, request } = asked
  const { signal } = request
  const job = await ended(jobs, await jobs.info(id, { as }), { as, waitMs, signal, sluice })
  return jobPlan(200, job, await operationOf(sluice, job, as.tenant))
}

async function forget<Raw>(jobs: Jobs, { principal: as }: ExtensionAsked<Raw>, id: string): Promise<Plan> {
  const job = await jobs.info(id, { as })
  if (job.status !== 'ended')
    throw new SluiceError('SLUICE_ERR_REQUEST', 'The operation is not over; cancel it first.', { status: 409 })
  await jobs.erase(id, { as })
  return jsonPlan(200, {})
}

/** `{ "timeout": "10s" }`, as JSON writes a duration. */
function waitOf(body: unknown): number {
  const { timeout } = (body ?? {}) as { timeout?: unknown }
  if (timeout === undefined) return MAX_WAIT_MS
  const [, seconds] = typeof timeout === 'string' ? (/^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(timeout) ?? []) : []
  if (seconds === undefined)
    throw new SluiceError('SLUICE_ERR_REQUEST', '"timeout" must be a duration in seconds, such as "10s".')
  return Math.min(MAX_WAIT_MS, Math.round(Number(seconds) * 1_000))
}
