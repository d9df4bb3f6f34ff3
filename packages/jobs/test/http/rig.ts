import { createStreamResource, planToResponse, type StreamResourceOptions, toHttpRequest } from '@sluice/http'

import { jobRoutes, type JobRoutesOptions } from '../../src/http.ts'
import { createJobsRig, type JobsRig } from '../jobs/rig/jobs-rig.ts'

/** A request as a test writes it down. */
export interface Ask {
  readonly json?: unknown
  readonly headers?: Record<string, string>
  readonly owner?: string
}

export interface HttpRig extends JobsRig {
  ask(method: string, path: string, ask?: Ask): Promise<Response>
}

/** Jobs behind a stream resource at `/v1`; its runner is never asked. */
export function createHttpRig(
  options: Partial<JobRoutesOptions<Request>> = {},
  resourceOptions: Partial<StreamResourceOptions<Request>> = {},
): HttpRig {
  const rig = createJobsRig()
  const resource = createStreamResource<Request>({
    sluice: rig.sluice,
    identify: (request) => ({ owner: request.headers.get('x-owner') ?? 'ada' }),
    extensions: [jobRoutes<Request>({ jobs: rig.jobs, ...options })],
    ...resourceOptions,
  })
  return {
    ...rig,
    async ask(method, path, { json, headers = {}, owner } = {}) {
      const body = json === undefined ? {} : { body: JSON.stringify(json) }
      const request = new Request(`http://x/v1${path}`, {
        method,
        ...body,
        headers: {
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...(owner !== undefined && { 'x-owner': owner }),
          ...headers,
        },
      })
      return planToResponse(await resource.handle(toHttpRequest(request, { mount: '/v1' })))
    },
  }
}

/** A job of the source that does as the test says. */
export async function submit(rig: HttpRig, json: object = {}): Promise<{ id: string; response: Response }> {
  const response = await rig.ask('POST', '/jobs', { json: { source: 'told', input: { topic: 'locks' }, ...json } })
  return { id: ((await response.clone().json()) as { id: string }).id, response }
}
