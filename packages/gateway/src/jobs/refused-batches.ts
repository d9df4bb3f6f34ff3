import type { IncomingMessage } from 'node:http'

import type { ResourceExtension } from '@sluice/http'
import { batchRoutes, NO_PLACE } from '@sluice/jobs/batch'
import type { FastifyRequest } from 'fastify'

import type { Refusal } from '../door/refusal.ts'
import { pathOf } from '../door/request-words.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'

const FILES = '/files'

/** Whether there is a place for files and batches. Without one, what is below `/files` is the backend's. */
export function keepsBatches({ data, redis }: Pick<GatewayOptions, 'data' | 'redis'>): boolean {
  return data !== undefined || redis !== undefined
}

/** The routes of batches where there is no place for them: they say so. */
export function refusedBatches(): ResourceExtension<FastifyRequest> {
  const routes = batchRoutes<FastifyRequest>()
  return {
    ...routes,
    paths: routes.paths.filter((path) => path !== FILES),
    methodsOf: (path) => (path === FILES || path.startsWith(`${FILES}/`) ? undefined : routes.methodsOf(path)),
  }
}

/** Why an upload is not passed on where there is no place: a client begins its batch with it, and the backend would not say why there is none. */
export function refusalOfUpload(request: IncomingMessage, mount: string): Refusal | undefined {
  const isUpload =
    request.method === 'POST' &&
    pathOf(request) === `${mount}${FILES}` &&
    /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '')
  return isUpload ? { status: 400, ...NO_PLACE } : undefined
}
