import { SluiceError } from '@sluice/core'
import { type FetchRequestOptions, type HttpRequest, toHttpRequest } from '@sluice/http'
import type { Context } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'

/** A request as Hono hands it out: what a middleware has read of its body is taken from Hono, which keeps it. */
export function readContext(context: Context, options: FetchRequestOptions): HttpRequest<Context> {
  const read = toHttpRequest(context.req.raw, { ...options, waitUntil: (settled) => keepAlive(context, settled) })
  return {
    ...read,
    raw: context,
    body: (bodies) => (context.req.raw.bodyUsed ? jsonOf(context) : read.body(bodies)),
  }
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
export function answerWith(context: Context, { status, headers, body }: Response): Response {
  for (const [name, value] of headers) context.header(name, value, { append: LISTS.has(name) })
  return context.newResponse(body, status as StatusCode)
}
