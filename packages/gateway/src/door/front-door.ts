import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import { corsHeaders, preflightHeaders, varyOf } from '@sluice/http'

import type { Log } from '../log/log.ts'
import { foreignHostRefusal, type PageRules, strangersRefusal } from './pages.ts'
import { type Refusal, refuse, UNAUTHORIZED } from './refusal.ts'
import { headerOf, pathOf } from './request-words.ts'

/** What a front door needs to know. */
export interface FrontDoorParts extends PageRules {
  readonly log: Log
  readonly isKnown: (request: IncomingMessage) => boolean
}

/** Methods that are taken at all. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const ALLOW = [...METHODS, 'OPTIONS'].join(', ')

/** What a client may call its request, to find it in our log. */
const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/

const requestIds = new WeakMap<IncomingMessage, string>()
const responses = new WeakMap<IncomingMessage, ServerResponse>()

/** The response to a request that has come through the door. */
export function responseTo(request: IncomingMessage): ServerResponse | undefined {
  return responses.get(request)
}

/** The id of a request that has come through the door: its client's `x-request-id`, or one of ours. */
export function requestIdOf(request: IncomingMessage): string {
  let id = requestIds.get(request)
  if (id === undefined) {
    const given = request.headers['x-request-id']
    id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
    requestIds.set(request, id)
  }
  return id
}

/**
 * What every request goes through, whichever path it is for: it has one host and a body whose end is beyond doubt, its method
 * is one of a list, pages of allowed origins may read its answer, and it has an id and a line in the log.
 */
export function createFrontDoor(parts: FrontDoorParts, serve: RequestListener): RequestListener {
  return (request, response) => {
    // Proxies send the whole address (RFC 9112, 3.2.2): it says no more than the path to a server that has one host.
    request.url = (request.url ?? '').replace(/^https?:\/\/[^/?#]*/i, '').replace(/^(?!\/|\*)/, '/')
    responses.set(request, response)
    logWhenOver(parts.log, request, response)
    const refusal = refusalOf(request, parts) ?? strangersRefusal(parts, request)
    letPagesIn(parts, request, response)
    // What the parser is about to find wrong with the body is answered by the parser.
    if (refusal) return void setImmediate(refuse, response, refusal)
    if (request.method === 'OPTIONS') return answerOptions(parts, request, response)
    return serve(request, response)
  }
}

/** Why a request is not taken, whoever sends it; nothing for one that is. */
export function refusalOf(request: IncomingMessage, rules: Pick<PageRules, 'hosts'>): Refusal | undefined {
  const { method = '', rawHeaders, headers } = request
  if (countOf(rawHeaders, 'host') > 1) {
    const message = 'The request names two hosts.'
    return { status: 400, message, code: 'bad_request', headers: { connection: 'close' } }
  }
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    const message = 'The only transfer coding that is understood is "chunked".'
    return { status: 501, message, code: 'not_implemented', headers: { connection: 'close' } }
  }
  if (METHODS.includes(method) || method === 'OPTIONS') return foreignHostRefusal(rules, request)
  return { ...METHOD_NOT_ALLOWED, headers: { allow: ALLOW, connection: 'close' } }
}

/** The answer to a method that is not taken anywhere. */
export const METHOD_NOT_ALLOWED: Refusal = {
  status: 405,
  message: `The methods that are taken are ${ALLOW}.`,
  code: 'method_not_allowed',
  headers: { allow: ALLOW },
}

function countOf(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((word, index) => index % 2 === 0 && word.toLowerCase() === name).length
}

function letPagesIn({ cors, isForPages }: FrontDoorParts, request: IncomingMessage, response: ServerResponse): void {
  if (!cors || !isForPages(pathOf(request))) return
  const asked = { header: (name: string) => headerOf(request, name) }
  for (const [name, value] of Object.entries({ ...corsHeaders(cors, asked), ...varyOf(cors, undefined) }))
    response.setHeader(name, value)
}

/** A preflight is the gateway's to answer, and nobody can send credentials with one. */
function answerOptions(parts: FrontDoorParts, request: IncomingMessage, response: ServerResponse): void {
  const asked = { header: (name: string) => headerOf(request, name) }
  const isPreflight =
    asked.header('origin') !== undefined &&
    (asked.header('access-control-request-method') ?? asked.header('access-control-request-headers')) !== undefined
  if (!isPreflight && !parts.isKnown(request)) return refuse(response, UNAUTHORIZED)
  response.removeHeader('access-control-expose-headers')
  const lets = isPreflight && parts.cors && parts.isForPages(pathOf(request))
  response.writeHead(204, { allow: ALLOW, ...(lets && preflightHeaders(parts.cors, asked, METHODS)) })
  response.end()
}

function logWhenOver(log: Log, request: IncomingMessage, response: ServerResponse): void {
  const startedMs = performance.now()
  response.once('close', () =>
    log.debug('Request', {
      method: request.method,
      path: pathOf(request),
      status: response.writableFinished ? response.statusCode : 499,
      ms: Math.round(performance.now() - startedMs),
      request: requestIdOf(request),
    }),
  )
}
