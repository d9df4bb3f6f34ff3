import { type ConnectError, type ContextValues, createContextKey, createContextValues } from '@connectrpc/connect'
import type { UniversalHandler, UniversalServerRequest } from '@connectrpc/connect/protocol'
import { isSluiceError, type Principal } from '@sluice/core'
import { requirePrincipal, requireSafeJson } from '@sluice/core/extend'

import { BoundedInput } from '../message/bounded-input.ts'
import { clampTimeouts } from '../message/call-timeout.ts'
import { isMasked, statusOfError, toConnectError } from '../message/status.ts'
import type { ServiceParts } from './service-parts.ts'
import { untilAborted } from './until-aborted.ts'

/** What stands before a method. */
export interface GateOptions {
  readonly maxBytes: number
  /** Whether it is for everybody; else `identify` decides. */
  readonly open: boolean
}

const PRINCIPAL = createContextKey<Principal | undefined>(undefined, { description: 'principal' })

/** Who makes a call that has passed the gate. */
export function principalIn(values: ContextValues): Principal {
  return values.get(PRINCIPAL)!
}

/**
 * Puts a gate before a method, whichever protocol it is called in: who may not call it is told so by the headers, before
 * anything of the message is read, and what is read is bounded. Connect would decode first and ask then.
 */
export function gated(handler: UniversalHandler, parts: ServiceParts, options: GateOptions): UniversalHandler {
  const { sluice, messageLimits } = parts
  const serve = async (request: UniversalServerRequest): Promise<Awaited<ReturnType<UniversalHandler>>> => {
    const asked = asPost(request, handler)
    const header = new Headers(asked.header)
    clampTimeouts(header)
    const contextValues = asked.contextValues ?? createContextValues()
    if (!options.open) {
      try {
        const identified = requirePrincipal(sluice.scheduler, parts.identify(asked.header))
        contextValues.set(PRINCIPAL, await untilAborted(parts.shutdownSignal, identified))
      } catch (error) {
        return handler({ ...asked, header: bare(header), body: failing(toldOf(parts, error)), contextValues })
      }
    }
    return handler({ ...asked, header, body: bounded(asked, header), contextValues })
  }
  const bounded = ({ body }: UniversalServerRequest, header: Headers): UniversalServerRequest['body'] => {
    if (!isBytes(body)) return checkedJson(body)
    const type = header.get('content-type') ?? ''
    const isFramed = /^application\/(?:grpc|connect\+)/i.test(type)
    const encodingName = encodingHeader(type)
    const encoding = header.get(encodingName)
    const isKnown = encoding === null || encoding === 'gzip' || encoding === 'identity'
    // What is not known is refused by Connect, which knows how to say what is.
    if (!isKnown) return body
    header.delete(encodingName)
    header.delete('content-length')
    const input = new BoundedInput(body, sluice.bodies, {
      desc: handler.method.input,
      isJson: /\bjson\b/i.test(type),
      encoding: encoding === 'gzip' ? encoding : null,
      maxBytes: options.maxBytes,
      limits: messageLimits,
      shutdownSignal: parts.shutdownSignal,
    })
    const { methodKind } = handler.method
    const many = methodKind === 'bidi_streaming' || methodKind === 'client_streaming'
    return told(isFramed ? input.frames(many) : input.whole())
  }
  const checkedJson = (value: Exclude<UniversalServerRequest['body'], AsyncIterable<Uint8Array>>) => {
    try {
      requireSafeJson(value, 'The request', { limits: messageLimits })
      return value
    } catch (error) {
      return failing(toldOf(parts, error))
    }
  }
  return Object.assign(serve, handler)
}

function toldOf(parts: ServiceParts, error: unknown): ConnectError {
  if (isMasked(error)) parts.report(error)
  return toConnectError(statusOfError(error))
}

/** A body that is never read: whoever begins to is told. */
function failing(error: ConnectError): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }
}

async function* told(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* input
  } catch (error) {
    throw isSluiceError(error) ? toConnectError(statusOfError(error)) : error
  }
}

function isBytes(body: UniversalServerRequest['body']): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

function encodingHeader(type: string): string {
  if (/^application\/grpc/i.test(type)) return 'grpc-encoding'
  return /^application\/connect\+/i.test(type) ? 'connect-content-encoding' : 'content-encoding'
}

/** What a call is refused by that may not be made: nothing of its headers is to be found wrong before that. */
function bare(header: Headers): Headers {
  return new Headers([...header].filter(([name]) => name === 'content-type' || name === 'connect-protocol-version'))
}

/** A call that has its message in the query, as one that has it in its body. */
function asPost(request: UniversalServerRequest, { allowedMethods }: UniversalHandler): UniversalServerRequest {
  const query = new URL(request.url).searchParams
  const encoding = query.get('encoding')
  const isTaken = request.method === 'GET' && allowedMethods.includes('GET')
  if (!isTaken || (encoding !== 'json' && encoding !== 'proto')) return request
  const header = new Headers(request.header)
  header.set('content-type', `application/${encoding}`)
  const compression = query.get('compression')
  if (compression !== null) header.set('content-encoding', compression)
  const bytes = Buffer.from(query.get('message') ?? '', query.get('base64') === '1' ? 'base64url' : 'utf8')
  return { ...request, method: 'POST', header, body: only(bytes) }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
