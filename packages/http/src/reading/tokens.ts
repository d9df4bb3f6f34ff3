import type {
  Actor,
  ClientReading,
  DataEvents,
  ReaderOptions,
  Sluice,
  Source,
  StartOptions,
  TokenStream,
} from '@sluice/core'
import { invalidOption, requirePrincipal, type Wire, type WireFacts } from '@sluice/core/extend'
import { nativeSse, SSE_HEADERS } from '@sluice/sse'

import { attachFor, refOfCursor } from './attach.ts'
import { cutStreamOf, whenCut } from './cut-readings.ts'
import { readClientQuery, readIdsQuery } from '../request/client-query.ts'
import { isForgiving, readCursor, type RequestedCursor } from '../request/cursor-request.ts'
import type { HttpRequest } from '../request/http-request.ts'
import type { Identify } from '../request/identify.ts'
import { headOf, type Plan } from '../response/plan.ts'
import { type ErrorFormat, isMasked, wireErrorOf } from '../response/problem.ts'
import { type ErrorStyle, toRefusalPlan } from './refusal.ts'
import { defaultOnDisconnect } from './on-disconnect.ts'
import { leftPlan, refusedOpening, startHeld } from './start.ts'
import { planStreaming } from './streaming-plan.ts'

/** Options of {@link planTokens}: who asks, those of `start`, and how the answer is written. */
export interface TokensOptions<Raw = unknown> extends Omit<StartOptions, 'as' | 'wire'> {
  /** Says who sent the request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify?: Identify<Raw> | undefined
  /** Whose stream this is, where the application knows that already: `identify` is not asked then. */
  as?: Actor | undefined
  /** The format. Default: sluice's own over SSE. */
  wire?: Wire | undefined
  /** What that wire stores with the stream, so that any instance writes the same bytes. */
  facts?: WireFacts | undefined
  /** How this reader is served. */
  reader?: ReaderOptions | undefined
  /** What the client asks of this reading. Default: what the query of a `GET` says (`ids`, `maxDelayMs`, `maxTokens`). */
  reading?: ClientReading | undefined
  /** In whose words errors are told. Default: the wire's. */
  errors?: ErrorFormat | undefined
}

/** What {@link planTokens} needs of a request. */
export type TokensRequest<Raw = unknown> = Pick<
  HttpRequest<Raw>,
  'method' | 'query' | 'header' | 'signal' | 'raw' | 'mount' | 'waitUntil'
>

/** The answer, and the stream it is about, where there is one. The stream's one reading belongs to the answer. */
export type TokensPlan<Data extends DataEvents = DataEvents> = Plan & { stream: TokenStream<Data> | undefined }

/**
 * Answers an application's own route with a stream: asks who sends the request, and refuses a stranger. A request that
 * carries a cursor attaches, and the source is not called: a `GET` route behind a plain `EventSource` does not generate
 * twice; where a cursor may be lost on the way, `key` tells which stream a page comes back to. Any other starts the stream and waits for its opening. `request.mount` is where the stream resource is mounted:
 * that is where clients resume.
 *
 * Cancellation: a client that leaves meanwhile is a reader that leaves; `onDisconnect` says what follows.
 *
 * Rejects only with what is not the client's doing: a wrong option, what `identify` gives that is neither a principal nor
 * nothing, a failure that is no `SluiceError`.
 *
 * @example
 * ```ts
 * const source: Source = ({ signal }) => runner.generate(prompt, { signal })
 * const { stream, ...plan } = await planTokens(sluice, request, source, { identify })
 * ```
 */
export async function planTokens<Data extends DataEvents = DataEvents, Raw = unknown>(
  sluice: Sluice<Data>,
  request: TokensRequest<Raw>,
  source: Source<Data>,
  options: TokensOptions<Raw>,
): Promise<TokensPlan<Data>> {
  const { wire = nativeSse, errors = FORMATS.get(wire.name) ?? 'problem' } = options
  const isHead = request.method === 'HEAD'
  const style: ErrorStyle = { shape: errors, forgiving: isForgiving(request) }
  try {
    const as = await actorOf(sluice, request, options)
    // Asking for the head of an answer must not make one.
    if (isHead) return { status: 200, headers: { ...SSE_HEADERS, 'content-type': wire.contentType }, stream: undefined }
    const { identify: _, errors: __, ...rest } = options
    const reading = options.reading ?? readingOf(request)
    const resolved: ResolvedTokensOptions = { ...rest, as, wire, reading }
    const cursor = readCursor(request, { wire })
    if (cursor) return await planAttached(sluice, request, cursor, resolved)
    const rejoined = await planRejoined(sluice, request, resolved)
    return rejoined ?? (await planStarted(sluice, { request, source, style }, resolved))
  } catch (error) {
    if (isMasked(error)) throw error
    const refusal = toRefusalPlan(wireErrorOf(error), style)
    return { ...(isHead ? headOf(refusal) : refusal), stream: undefined }
  }
}

/** In whose words those who read a wire are told of errors; by name, since a bundle need not have all of them. */
const FORMATS: ReadonlyMap<string, ErrorFormat> = new Map<string, ErrorFormat>([
  ['openai.chat', 'openai'],
  ['openai.responses', 'openai'],
  ['anthropic.messages', 'anthropic'],
])

/** {@link TokensOptions} once it is known who asks, and how it is answered. */
interface ResolvedTokensOptions extends Omit<TokensOptions, 'as' | 'identify' | 'errors'> {
  as: Actor
  wire: Wire
  reading: ClientReading
}

/** Whose stream is asked for. @throws SluiceError as `requirePrincipal` does */
async function actorOf<Raw>(
  { scheduler }: Pick<Sluice, 'scheduler'>,
  { raw }: TokensRequest<Raw>,
  { as, identify }: TokensOptions<Raw>,
): Promise<Actor> {
  if (as !== undefined) return as
  if (typeof identify === 'function') return requirePrincipal(scheduler, identify(raw))
  throw invalidOption('identify', identify, 'a function that says who asks, where "as" does not')
}

/** What the query says of the reading: all of it on a GET, on a POST no more than whether ids are wanted. */
function readingOf({ method, query }: TokensRequest): ClientReading {
  return method === 'GET' ? readClientQuery(query) : readIdsQuery(query)
}

async function planAttached<Data extends DataEvents>(
  sluice: Sluice<Data>,
  request: TokensRequest,
  cursor: RequestedCursor,
  { as, key, wire, reader, reading }: ResolvedTokensOptions,
): Promise<TokensPlan<Data>> {
  const { stream, plan } = await attachFor(sluice, { ...refOfCursor(cursor, key), as, key })
  if (!stream) return { ...plan, stream }
  const { method, mount } = request
  const { continues } = cursor
  // A POST is not repeated by anything but an application.
  const rotates = method === 'GET'
  const onOver = whenCut(sluice, request, { as, key, stream })
  const parts = { stream: stream as TokenStream, wire, mount, continues, rotates, reader, reading, onOver }
  return { ...planStreaming(sluice, parts), stream }
}

/** A page that comes back without the cursor that it had is answered with the stream it was cut off from. */
async function planRejoined<Data extends DataEvents>(
  sluice: Sluice<Data>,
  request: TokensRequest,
  options: ResolvedTokensOptions,
): Promise<TokensPlan<Data> | undefined> {
  const stream = await cutStreamOf(sluice, request, options)
  if (!stream) return undefined
  const { wire, reader, reading } = options
  const onOver = whenCut(sluice, request, { ...options, stream })
  const parts = { stream: stream as TokenStream, wire, mount: request.mount, reader, reading, onOver }
  return { ...planStreaming(sluice, parts), stream }
}

async function planStarted<Data extends DataEvents>(
  sluice: Sluice<Data>,
  { request, source, style }: { request: TokensRequest; source: Source<Data>; style: ErrorStyle },
  options: ResolvedTokensOptions,
): Promise<TokensPlan<Data>> {
  const { wire, facts = {}, reader, reading, ...start } = options
  const { mount, signal, waitUntil } = request
  // Nothing is started for a client that has left while it was found out who it is.
  if (signal.aborted) return { ...leftPlan(), stream: undefined }
  const stored = { name: wire.name, facts: { created: Math.floor(Date.now() / 1000), ...facts } }
  const onDisconnect = start.onDisconnect ?? defaultOnDisconnect(sluice, wire, { ...start, ...reading })
  const held = await startHeld(sluice, source, { waitUntil, ...start, onDisconnect, wire: stored }, signal)
  const { stream, hold } = held
  const refused = await refusedOpening(sluice, held, { openAfterMs: start.openAfterMs, request, style })
  const onOver = whenCut(sluice, request, { ...options, stream })
  if (refused) {
    if (signal.aborted) onOver?.('detached')
    return { ...refused, stream }
  }
  const parts = { stream: stream as TokenStream, wire, mount, reader, reading, hold, onOver }
  return { ...planStreaming(sluice, parts), stream }
}
