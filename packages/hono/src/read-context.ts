import { SluiceError } from '@sluice/core'
import { guardSignal } from '@sluice/core/extend'
import { type FetchRequestOptions, type HttpRequest, toHttpRequest } from '@sluice/http'
import type { Context } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'

/** A request as Hono hands it out: what a middleware has read of its body is taken from Hono, which keeps it. */
export function readContext(context: Context, options: FetchRequestOptions): HttpRequest<Context> {
  const read = toHttpRequest(context.req.raw, { ...options, waitUntil: (settled) => keepAlive(context, settled) })
  return {
    ...read,
    raw: context,
    signal: whenOver(context) ?? read.signal,
    body: (bodies) => (context.req.raw.bodyUsed ? jsonOf(context) : read.body(bodies)),
  }
}

/** Node's response, as `@hono/node-server` hands it on. */
interface Outgoing {
  readonly destroyed?: boolean
  once?(event: 'close', listener: () => void): unknown
}

/**
 * Aborts when the answer is over, where Node says so: the request's own signal aborts when a client leaves, and not when
 * `timeout` has answered it in the place of a route that goes on.
 */
function whenOver({ env }: Context): AbortSignal | undefined {
  const { outgoing } = (env ?? {}) as { outgoing?: Outgoing }
  if (typeof outgoing?.once !== 'function') return undefined
  const over = new AbortController()
  if (outgoing.destroyed) over.abort()
  else outgoing.once('close', () => over.abort())
  // It is over for the client by then: nobody is left to tell of what user code throws at that.
  return guardSignal(over.signal, () => {})
}

async function jsonOf({ req }: Context): Promise<unknown> {
  try {
    return await req.json()
  } catch (cause) {
    throw new SluiceError('SLUICE_ERR_REQUEST', 'The body is no JSON.', { cause })
  }
}

/** Keeps a Worker alive until `settled` is. Elsewhere there is no such thing, and Hono's getter throws. */
function keepAlive(context: Context, settled: Promise<void>): void {
  try {
    context.executionCtx.waitUntil(settled)
  } catch {
    // The process lives as long as it does.
  }
}

/** Headers that list things: what middleware has listed there stays. */
const LISTS: ReadonlySet<string> = new Set(['vary', 'access-control-expose-headers'])

/**
 * A response of ours with what was set on the context, which Hono passes over where it is given a `Response`, or lets win over it. What keeps
 * tokens from being held back stays as it is.
 */
export function answerWith(context: Context, response: Response): Response {
  if (context.finalized) {
    // It was answered meanwhile, by `timeout`: Hono takes no other, and nobody is going to read this one.
    void response.body?.cancel()
    return response
  }
  const { status, headers, body } = response
  for (const [name, value] of headers) context.header(name, value, { append: LISTS.has(name) })
  return context.newResponse(body, status as StatusCode)
}
