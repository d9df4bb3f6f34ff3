import type { LinkInput } from '../../machine/resume-input.ts'
import { toEnd, toEvent } from './connect-event.ts'
import { createFrameReader, toFrame } from './connect-frames.ts'
import { HttpLink } from '../http-link.ts'
import type { ControlRequest, ControlOutcome, LinkListener, LinkRequest, Transport } from '../link.ts'
import { parseMembers } from '../native-message.ts'
import { askJson, networkError, readRefusal } from '../refusal.ts'
import { nameIn, streamAt } from '../stream-place.ts'
import { toldRefusal } from '../told-refusal.ts'

/** Options of {@link connect}. */
export interface ConnectOptions {
  /**
   * Where the services are, without a slash at the end.
   * @defaultValue the origin of the streams
   */
  url?: string | undefined
}

const SERVICE = 'sluice.v1.TokenStreamService'
const CONTENT_TYPE = 'application/connect+json'
/** Codes of Connect that say: try again. */
const TRY_AGAIN = ['unavailable', 'resource_exhausted']
/** What those mean that come without a code of sluice's own. */
const CODES: Readonly<Record<string, string>> = {
  unauthenticated: 'SLUICE_ERR_UNAUTHORIZED',
  permission_denied: 'SLUICE_ERR_FORBIDDEN',
  not_found: 'SLUICE_ERR_NOT_FOUND',
  unimplemented: 'SLUICE_ERR_NOT_FOUND',
  invalid_argument: 'SLUICE_ERR_REQUEST',
}

/**
 * The Connect protocol over `fetch`, as `@sluice/grpc` and the gateway serve it: `Start` and `Attach` in JSON, with `Cancel` for a
 * cancel. What is not taken is not read from the network, which the server feels; credit comes by HTTP, under the reading's name.
 * A stream is started with a body that is an object.
 *
 * @example
 * ```ts
 * const stream = start(url, { messages }, { transport: connect() })
 * ```
 */
export function connect(options: ConnectOptions = {}): Transport {
  return {
    name: 'connect',
    open: (request, listener) => new ConnectLink(options, request, listener),
    control: (request) => (request.verb === 'cancel' ? cancel(options, request) : undefined),
  }
}

class ConnectLink extends HttpLink {
  readonly #options: ConnectOptions
  #isOpen = false

  constructor(options: ConnectOptions, request: LinkRequest, listener: LinkListener) {
    super(request, listener)
    this.#options = options
  }

  protected async run(): Promise<LinkInput> {
    const { environment, headers, credentials, start, url } = this.request
    const [method, message] = requestOf(this.request)
    const response = await environment.fetch(`${serviceAt(this.#options, url ?? start!.url)}/${method}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': CONTENT_TYPE, 'connect-protocol-version': '1' },
      body: toFrame(message),
      cache: 'no-store',
      credentials,
      signal: this.signal,
    })
    const { status, body } = response
    if (status !== 200 || !body || !response.headers.get('content-type')?.startsWith(CONTENT_TYPE)) {
      return readRefusal(response, environment.now())
    }
    const reader = body.getReader()
    let last: LinkInput | undefined
    const push = createFrameReader((json, isLast) => {
      const members = parseMembers('message', json)
      if (isLast) last = statusOf(members)
      else for (const event of (members.events as Record<string, unknown>[] | undefined) ?? []) this.#tell(event)
    })
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      this.say({ type: 'alive' })
      push(next.value)
      while (this.full) await this.full
    }
    // Without its status an answer was cut, whatever came before.
    if (!last) return { type: 'broken', error: networkError('no end') }
    return this.#isOpen ? this.#readEnd(last) : last
  }

  #tell(event: Record<string, unknown>): void {
    if (this.signal.aborted) return
    const { opened, closed } = event as Record<string, Record<string, string> | undefined>
    const cursor = typeof event.cursor === 'string' ? event.cursor : ''
    if (opened) {
      const { id = '', cursor: place, meta } = opened
      this.#isOpen = true
      this.listener.learned({ url: streamAt(this.request, id), id, meta: (meta ?? {}) as never })
      return this.say({ type: 'opened', cursor: place })
    }
    if (closed) return this.say({ type: 'closed', code: closed.code ?? '', cursor: closed.cursor || undefined })
    const told = toEvent(event)
    if (told) this.listener.event(told, cursor || undefined)
    else this.say({ type: 'alive' })
  }

  /** Nothing is left to read, and nothing said how the stream ended: that is asked for. */
  async #readEnd(last: LinkInput): Promise<LinkInput> {
    if (this.signal.aborted) return last
    const { url, cursor, start } = this.request
    const at = serviceAt(this.#options, url ?? start!.url)
    const body = JSON.stringify({ ref: url === undefined ? { key: keyIn(this.request) } : refOf(url, cursor) })
    const { answer, refusal } = await askJson(this.request, `${at}/Info`, { method: 'POST', body, signal: this.signal })
    const { end } = (answer?.info ?? {}) as { end?: unknown }
    if (!end) return refusal ?? last
    this.listener.event(toEnd(end), undefined)
    return { type: 'alive' }
  }
}

async function cancel(options: ConnectOptions, request: ControlRequest): Promise<ControlOutcome> {
  const body = JSON.stringify({ ref: { cursor: nameIn(request.url) } })
  const { answer, refusal } = await askJson(request, `${serviceAt(options, request.url)}/Cancel`, {
    method: 'POST',
    body,
  })
  const { end } = (answer?.info ?? {}) as { end?: unknown }
  return answer ? { answer: { end: toEnd(end) } } : { refusal }
}

/** The method, and its request in the JSON of protobuf. */
function requestOf(request: LinkRequest): [method: string, message: object] {
  const { start, url, cursor, query } = request
  const { reader, after, maxDelayMs, maxTokens } = query
  if (url !== undefined || start?.method === 'GET') {
    const ref = url === undefined ? { key: keyIn(request) } : refOf(url, cursor)
    return ['Attach', { ref, after, reader, maxDelayMs: numberOf(maxDelayMs), maxTokens: numberOf(maxTokens) }]
  }
  const input = parseMembers('body', start!.body ?? '{}')
  return ['Start', { input, reader, idempotencyKey: start!.headers['idempotency-key'] }]
}

function keyIn({ start }: LinkRequest): string {
  return new URL(start!.url).searchParams.get('key') ?? ''
}

function refOf(url: string, cursor: string | undefined): object {
  // A cursor names its stream: also where it stands in the address.
  return cursor === undefined ? { cursor: nameIn(url) } : { cursor }
}

function numberOf(wish: string | undefined): number | undefined {
  return wish === undefined ? undefined : Number(wish)
}

function serviceAt({ url }: ConnectOptions, streams: string): string {
  return `${url ?? new URL(streams).origin}/${SERVICE}`
}

/** What the end of an answer says: nothing but that it is over, or why. */
function statusOf({ error, metadata }: Record<string, unknown>): LinkInput {
  const {
    code,
    message,
    details = [],
  } = (error ?? {}) as {
    code?: string
    message?: string
    details?: { debug?: { retryDelay?: string } }[]
  }
  if (code === undefined) return { type: 'broken', error: networkError('no end') }
  const told = (metadata as Record<string, string[]> | undefined)?.['sluice-code']?.[0]
  // A duration of protobuf, as "1.5s".
  const seconds = details.map(({ debug }) => Number.parseFloat(debug?.retryDelay ?? '')).find((each) => each > 0)
  return toldRefusal({
    code: told ?? CODES[code] ?? 'SLUICE_ERR_READING_CLOSED',
    message: message ?? code,
    retryAfterMs: seconds && seconds * 1_000,
    isTemporary: TRY_AGAIN.includes(code),
  })
}
