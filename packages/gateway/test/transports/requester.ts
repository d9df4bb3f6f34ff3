import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

import { TransportRefusal } from '@sluice/conformance'

/** A request of a client that knows nothing of sluice. */
export interface HttpAsked {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string | undefined
  /** Gives the request up, whether or not it is answered yet. */
  signal?: AbortSignal | undefined
}

/** An answer whose body is yet to be read. */
export interface HttpAnswer {
  status: number
  headers: { [name: string]: unknown }
  body: Readable
  /** Once the body is over: whether it ended as HTTP ends a whole one. */
  isWhole(): boolean
}

/** The connections of one client, over one version of HTTP. */
export interface Requester {
  request(asked: HttpAsked): Promise<HttpAnswer>
  /** Cuts all connections. */
  drop(): void
}

/** The reasons of a stream that finished by itself. */
export const COMPLETE: ReadonlySet<string> = new Set(['stop', 'length', 'tool_calls', 'content_filter'])

/** The body of an answer that is all there; a refusal's is thrown. */
export async function jsonOf({ status, body }: HttpAnswer): Promise<unknown> {
  const value = JSON.parse(await text(body)) as { code: string; detail: string }
  if (status >= 400) throw new TransportRefusal({ code: value.code, status, text: value.detail })
  return value
}
