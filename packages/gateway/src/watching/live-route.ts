import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Principal, Sluice } from '@sluice/core'
import type { FastifyInstance } from 'fastify'

import { type Refusal, refuse, UNAUTHORIZED } from '../door/refusal.ts'
import type { OwnStreams } from './own-streams.ts'

/** What answers for the route. */
export interface LiveRouteParts {
  readonly path: string
  readonly identify: (request: IncomingMessage) => Principal | undefined
  readonly own: OwnStreams
  readonly sluice: Sluice
  /** Whether there is one owner only, who may know what the process holds. */
  readonly isAlone: boolean
}

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 100

/** What this process has seen of the streams of who asks, and of nobody else's. */
export function mountLiveRoute(app: FastifyInstance, parts: LiveRouteParts): void {
  app.get(parts.path, (request, reply) => {
    reply.hijack()
    const { raw } = request
    const principal = parts.identify(raw)
    if (!principal) return refuse(reply.raw, UNAUTHORIZED)
    const limit = limitIn(raw.url ?? '')
    if (limit === undefined) return refuse(reply.raw, BAD_LIMIT)
    return sendJson(reply.raw, answerOf(parts, principal, limit))
  })
}

function answerOf({ own, sluice, isAlone }: LiveRouteParts, principal: Principal, limit: number): object {
  const { store, loopLagMs, draining } = sluice.stats()
  return {
    ...own.list(principal, limit),
    figures: own.figures(principal),
    store: { health: store.health, ...(isAlone && { bytes: store.bytes }) },
    draining,
    ...(isAlone && { loopLagMs }),
  }
}

function limitIn(url: string): number | undefined {
  const query = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
  const text = query.get('limit')
  if (text === null) return DEFAULT_LIMIT
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0
  return limit >= 1 && limit <= MAX_LIMIT ? limit : undefined
}

const BAD_LIMIT: Refusal = {
  status: 400,
  message: `The query parameter "limit" must be a whole number from 1 to ${MAX_LIMIT}; left out, it is ${DEFAULT_LIMIT}.`,
  code: 'bad_request',
}

function sendJson(response: ServerResponse, value: object): void {
  const body = JSON.stringify(value)
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
