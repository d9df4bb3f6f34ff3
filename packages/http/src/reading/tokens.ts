import type {
  DataEvents,
  ReaderOptions,
  Sluice,
  Source,
  StartOptions,
  TokenStream,
  Wire,
  WireFacts,
} from '@sluice/core'
import { nativeSse, SSE_HEADERS } from '@sluice/sse'
import { openAiChat } from '@sluice/wires/openai'

import { attachFor, refOfCursor } from './attach.ts'
import { isForgiving, readCursor, type RequestedCursor } from '../request/cursor-request.ts'
import type { HttpRequest } from '../request/http-request.ts'
import type { Plan } from '../response/plan.ts'
import { readIdsQuery } from '../request/ids-query.ts'
import { type ErrorFormat, isMasked, wireErrorOf } from '../response/problem.ts'
import { type ErrorStyle, toRefusalPlan } from './refusal.ts'
import { defaultOnDisconnect } from './on-disconnect.ts'
import { refusedOpening, startHeld } from './start.ts'
import { planStreaming } from './streaming-plan.ts'

/** Options of {@link planTokens}: those of `start`, and how the answer is written. */
export interface TokensOptions extends Omit<StartOptions, 'wire'> {
  /** The format. Default: sluice's own over SSE. */
  wire?: Wire | undefined
  /** What that wire stores with the stream, so that any instance writes the same bytes. */
  facts?: WireFacts | undefined
  /** How this reader is served. */
  reader?: ReaderOptions | undefined
  /** In whose words errors are told. Default: the wire's. */
  errors?: ErrorFormat | undefined
}

/** What {@link planTokens} needs of a request. */
export type TokensRequest = Pick<HttpRequest, 'method' | 'query' | 'header' | 'signal' | 'mount' | 'waitUntil'>

/** The answer, and the stream it is about, where there is one. The stream's one reading belongs to the answer. */
export type TokensPlan<Data extends DataEvents = DataEvents> = Plan & { stream: TokenStream<Data> | undefined }

/**
 * Answers an application's own route with a stream. A request that carries a cursor attaches, and the source is not
 * called: a `GET` route behind a plain `EventSource` does not generate twice. Any other starts the stream and waits for
 * its opening. `request.mount` is where the stream resource is mounted: that is where clients resume.
 *
 * Cancellation: a client that leaves meanwhile is a reader that leaves; `onDisconnect` says what follows.
 *
 * Rejects only with what is not the client's doing: a wrong option, a failure that is no `SluiceError`.
 *
 * @example
 * ```ts
 * const { stream, ...plan } = await planTokens(sluice, request, ({ signal }) => runner.generate(prompt, { signal }), { as })
 * ```
 */
export async function planTokens<Data extends DataEvents = DataEvents>(
  sluice: Sluice<Data>,
  request: TokensRequest,
  source: Source<Data>,
  options: TokensOptions,
): Promise<TokensPlan<Data>> {
  const { wire = nativeSse, errors = wire.name === openAiChat.name ? 'openai' : 'problem' } = options
  // Asking for the head of an answer must not make one.
  if (request.method === 'HEAD') {
    return { status: 200, headers: { ...SSE_HEADERS, 'content-type': wire.contentType }, stream: undefined }
  }
  const style: ErrorStyle = { shape: errors, forgiving: isForgiving(request) }
  try {
    const cursor = readCursor(request, { wire })
    return cursor
      ? await planAttached(sluice, request, cursor, { ...options, wire })
      : await planStarted(sluice, { request, source, style }, { ...options, wire })
  } catch (error) {
    if (isMasked(error)) throw error
    return { ...toRefusalPlan(wireErrorOf(error), style), stream: undefined }
  }
}

async function planAttached<Data extends DataEvents>(
  sluice: Sluice<Data>,
  request: TokensRequest,
  cursor: RequestedCursor,
  { as, key, wire, reader }: TokensOptions & { wire: Wire },
): Promise<TokensPlan<Data>> {
  const { stream, plan } = await attachFor(sluice, { ...refOfCursor(cursor, key), as, key })
  if (!stream) return { ...plan, stream }
  const { method, mount } = request
  const { continues } = cursor
  const ids = readIdsQuery(request)
  // A POST is not repeated by anything but an application.
  const rotates = method === 'GET'
  const parts = { stream: stream as TokenStream, wire, mount, continues, ids, rotates, reader }
  return { ...planStreaming(sluice, parts), stream }
}

async function planStarted<Data extends DataEvents>(
  sluice: Sluice<Data>,
  { request, source, style }: { request: TokensRequest; source: Source<Data>; style: ErrorStyle },
  options: TokensOptions & { wire: Wire },
): Promise<TokensPlan<Data>> {
  const { wire, facts = {}, reader, errors: _, ...start } = options
  const { mount, signal, waitUntil } = request
  const ids = readIdsQuery(request)
  const stored = { name: wire.name, facts: { created: Math.floor(Date.now() / 1000), ...facts } }
  const onDisconnect = start.onDisconnect ?? defaultOnDisconnect(sluice, wire, { ...start, ids })
  const held = await startHeld(sluice, source, { waitUntil, ...start, onDisconnect, wire: stored }, signal)
  const { stream, hold } = held
  const refused = await refusedOpening(sluice, held, { openAfterMs: start.openAfterMs, request, style })
  if (refused) return { ...refused, stream }
  return { ...planStreaming(sluice, { stream: stream as TokenStream, wire, mount, ids, reader, hold }), stream }
}
