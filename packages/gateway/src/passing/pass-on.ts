import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, type Readable } from 'node:stream'

import { isSluiceError, type Sluice, type SluiceError } from '@sluice/core'

import type { Backend, BackendBody } from '../upstream/backend.ts'
import { credentialOf, keyForUpstream, keyHeaders } from '../upstream/backend-key.ts'
import { judgePath, type PathRules } from '../upstream/backend-path.ts'
import { maskedHeaders } from '../upstream/masked-headers.ts'
import { decodedBody, isPlain } from '../upstream/decode-body.ts'
import { type BackendFailure, toBackendFailure } from '../upstream/failure.ts'
import { toBackendHeaders, toClientHeaders } from '../upstream/headers.ts'
import { isHidden, MaskStream } from '../upstream/secret-mask.ts'
import { requestIdOf } from '../door/front-door.ts'
import { pathOf } from '../door/request-words.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import type { Log } from '../log/log.ts'
import { NOT_FOUND, type Refusal, refuse } from '../door/refusal.ts'
import { holdBody } from './held-body.ts'
import { Relay, type RelayLimits } from './relay.ts'

/** What passing on needs. */
export interface PassOnParts {
  readonly backend: Backend
  readonly options: GatewayOptions
  readonly rules: PathRules
  readonly log: Log
  readonly limits: RelayLimits
  /** Counts what is held. */
  readonly bodies: Sluice['bodies']
}

/** Bodies up to this size are held until the backend answers, so that a connection that was kept can be used for them. */
const MAX_HELD_BYTES = 256 * 1024

/** Passes a request below the mount on to the backend, and its answer back. Never rejects. */
export async function passOn(request: IncomingMessage, response: ServerResponse, parts: PassOnParts): Promise<void> {
  const verdict = judgePath(request.url ?? '', parts.rules)
  if (verdict.is !== 'passed') return refuse(response, NOT_FOUND)
  if (/\bwebsocket\b/i.test(request.headers.upgrade ?? '')) return refuse(response, NO_SOCKETS)
  const left = new AbortController()
  response.once('close', () => left.abort())
  const relay = new Relay(response, parts.limits, (failure) => left.abort(failure))
  try {
    const answer = await askBackend(request, verdict.path, { ...parts, relay, signal: left.signal })
    logStatus(parts.log, request, answer)
    const cut = await relay.pass(answerOn(response, answer, parts.options.upstreamKey), answer)
    if (cut && !isLeft(left.signal)) logFailure(parts.log, request, failureOf(cut, left.signal))
  } catch (error) {
    if (isLeft(left.signal)) return
    if (isSluiceError(error)) return refuse(response, refusalOf(error))
    const failure = failureOf(error, left.signal)
    logFailure(parts.log, request, failure)
    const { status, told: message } = failure
    refuse(response, { status, message, code: status === 504 ? 'gateway_timeout' : 'bad_gateway' })
  } finally {
    relay.close()
  }
}

interface Passing extends PassOnParts {
  readonly relay: Relay
  readonly signal: AbortSignal
}

async function askBackend(
  request: IncomingMessage,
  path: string,
  { backend, options, relay, signal, bodies }: Passing,
): Promise<IncomingMessage> {
  const key = keyForUpstream(options, credentialOf(request.headers))
  const isOfAnthropic = request.headers['anthropic-version'] !== undefined
  const headers = {
    ...toBackendHeaders(request.headers),
    ...keyHeaders(key, isOfAnthropic ? 'anthropic' : 'openai', backend.base.href),
  }
  const body = await bodyOf(request, relay, bodies)
  const asking = backend.request({ method: request.method ?? 'GET', path, headers, body, signal })
  if (body && 'stream' in body) body.stream.on('data', relay.moved)
  const answer = await asking
  relay.moved()
  return answer
}

/** A body of moderate length as bytes, any other as it comes. */
async function bodyOf(
  request: IncomingMessage,
  { moved }: Relay,
  bodies: PassOnParts['bodies'],
): Promise<BackendBody | undefined> {
  const { 'content-length': given, 'transfer-encoding': coding } = request.headers
  const length = coding === undefined && given !== undefined ? Number(given) : undefined
  if (coding === undefined && (length === undefined || length === 0)) return undefined
  if (length === undefined || length > MAX_HELD_BYTES) return { stream: request, length }
  return holdBody(request, bodies, moved)
}

/** Writes the head of the answer; gives the body that is to follow. */
function answerOn(response: ServerResponse, answer: IncomingMessage, key: string | undefined): Readable {
  const status = answer.statusCode ?? 502
  const headers = maskedHeaders(toClientHeaders(answer.headers), key)
  const vary = response.getHeader('vary')
  if (vary !== undefined) headers.vary = [headers.vary, vary].filter(Boolean).join(', ')
  const hides = isHidden(key, status) && (status >= 400 || isPlain(answer))
  const decodes = hides && !isPlain(answer)
  const body = decodes ? decodedBody(answer) : answer
  if (decodes) delete headers['content-encoding']
  else if (answer.headers['content-length'] !== undefined) headers['content-length'] = answer.headers['content-length']
  response.writeHead(status, answer.statusMessage, headers)
  return hides ? masked(body, key) : body
}

function masked(body: Readable, key: string): Readable {
  const mask = new MaskStream(key)
  // What cuts the body cuts what is made of it, which is watched.
  pipeline(body, mask, () => {})
  return mask
}

/** Why a body is not taken. Its connection is of no more use: what is left of it may come slowly, or never. */
function refusalOf({ status, message, code, retryAfterMs }: SluiceError): Refusal {
  const retryAfter: Record<string, string> =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }
  return { status, message, code, headers: { connection: 'close', ...retryAfter } }
}

/** The answer to a client that wants to talk to the backend over a socket. */
export const NO_SOCKETS: Refusal = {
  status: 501,
  message:
    'WebSockets are not passed on to the backend: connect to it directly, or open /v1/ws here, in the protocol of sluice.',
  code: 'not_implemented',
}

/** Whether the client has gone, rather than been given up. */
function isLeft(signal: AbortSignal): boolean {
  return signal.aborted && !(signal.reason instanceof Error && 'told' in signal.reason)
}

function failureOf(error: unknown, signal: AbortSignal): BackendFailure {
  return toBackendFailure(signal.aborted ? signal.reason : error)
}

function logStatus(log: Log, request: IncomingMessage, answer: IncomingMessage): void {
  const { statusCode: status = 502, headers } = answer
  if (status < 400) return
  const backendRequest = typeof headers['x-request-id'] === 'string' ? headers['x-request-id'] : undefined
  const level = status < 500 ? 'info' : 'warn'
  log[level]('The backend refused a request', { reason: 'status', status, ...factsOf(request), backendRequest })
}

function logFailure(log: Log, request: IncomingMessage, { reason, status, message }: BackendFailure): void {
  log.warn('A request that was passed on failed', { reason, why: message, status, ...factsOf(request) })
}

function factsOf(request: IncomingMessage): { method: string | undefined; path: string; request: string } {
  return { method: request.method, path: pathOf(request), request: requestIdOf(request) }
}
