import type { StreamEvent } from '@sluice/core'

import { ClientError } from '../errors/client-error.ts'
import type { LinkInput } from '../machine/resume-input.ts'
import type { Link, LinkListener, LinkRequest, Transport } from './link.ts'
import { parseMembers, tellMessage } from './native-message.ts'
import { networkError, readRefusal } from './refusal.ts'
import { SseReader } from './sse-reader.ts'

/** Bytes that are parsed before it is looked whether the reader has had enough. */
const SLICE_BYTES = 8_192

/**
 * Server-Sent Events over `fetch`: any method, any header. What is not taken is not read from the network, which the server
 * feels.
 *
 * @example
 * ```ts
 * const stream = start(url, body, { transport: sse })
 * ```
 */
export const sse: Transport = {
  name: 'sse',
  open: (request, listener) => new SseLink(request, listener),
}

class SseLink implements Link {
  readonly #request: LinkRequest
  readonly #listener: LinkListener
  readonly #abort = new AbortController()
  #paused: PromiseWithResolvers<void> | undefined
  #opened = false
  #lastId = ''

  constructor(request: LinkRequest, listener: LinkListener) {
    this.#request = request
    this.#listener = listener
    // Nothing is told before whoever opens this has it in hand.
    void Promise.resolve().then(() => this.#run())
  }

  close(): void {
    this.#abort.abort()
    this.setPaused(false)
  }

  setPaused(paused: boolean): void {
    if (paused) this.#paused ??= Promise.withResolvers()
    else {
      this.#paused?.resolve()
      this.#paused = undefined
    }
  }

  async #run(): Promise<void> {
    try {
      const { environment } = this.#request
      const { url, init } = toFetch(this.#request)
      const response = await environment.fetch(url, { ...init, signal: this.#abort.signal })
      this.#say(await this.#read(response, url))
    } catch (error) {
      this.#say({ type: 'broken', error: error instanceof ClientError ? error : networkError(error) })
    }
  }

  async #read(response: Response, askedUrl: string): Promise<LinkInput> {
    const { status, headers, body } = response
    const { environment } = this.#request
    if (status === 204) return this.#readEnd(response, askedUrl)
    if (status !== 200 || !body || !headers.get('content-type')?.startsWith('text/event-stream')) {
      return readRefusal(response, environment.now())
    }
    this.#listener.learned({ url: streamUrlOf(response, askedUrl), id: headers.get('sluice-stream-id') ?? undefined })
    const reader = body.getReader()
    const parser = new SseReader({
      onEvent: (type, data, id) => this.#tell(type, data, id),
      onRetry: (retryMs) => this.#say({ type: 'retry', retryMs }),
    })
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      this.#say({ type: 'alive' })
      for (let from = 0; from < next.value.length; from += SLICE_BYTES) {
        while (this.#paused) await this.#paused.promise
        if (this.#abort.signal.aborted) break
        parser.push(next.value.subarray(from, from + SLICE_BYTES))
      }
      while (this.#paused) await this.#paused.promise
    }
    // Whatever came before: an answer that is over without an `end` was cut.
    return { type: 'broken', error: networkError('no end') }
  }

  #tell(event: string, data: string, id: string): void {
    // By the standard an answer that lasts begins with `opened`; what does not is somebody else's stream of events.
    if (!this.#opened && event !== 'opened') throw networkError('no "opened"')
    this.#opened = true
    if (this.#abort.signal.aborted) return
    // An event without an id of its own is shown before it is stored: the cursor stays where it was.
    const cursor = id === this.#lastId ? undefined : id
    this.#lastId = id
    tellMessage(this.#listener, event, parseMembers(event, data), cursor)
  }

  /** Nothing is left to read: how the stream ended is known all the same. */
  async #readEnd({ headers }: Response, askedUrl: string): Promise<LinkInput> {
    if (headers.get('sluice-end') === null) {
      const error = new ClientError('SLUICE_ERR_NOT_FOUND', 'No stream runs there.', { status: 404 })
      return { type: 'refused', error }
    }
    const { environment, headers: own, credentials } = this.#request
    const init = { headers: { ...own, accept: 'application/json' }, signal: this.#abort.signal, ...asked(credentials) }
    const answer = await environment.fetch(askedUrl, init)
    if (answer.status !== 200) return readRefusal(answer, environment.now())
    const { id, end } = (await answer.json()) as { id?: string; end?: StreamEvent }
    if (end?.type !== 'end') return { type: 'broken', error: networkError('no end') }
    this.#listener.learned({ url: streamUrlOf(answer, askedUrl), id })
    this.#listener.event(end, undefined)
    return { type: 'alive' }
  }

  #say(input: LinkInput): void {
    if (!this.#abort.signal.aborted) this.#listener.said(input)
  }
}

function toFetch({ start, url, cursor, query, headers, credentials }: LinkRequest): { url: string; init: RequestInit } {
  const target = new URL(url ?? start?.url ?? '')
  const isRead = url !== undefined || start?.method === 'GET'
  if (isRead) for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value)
  const all: Record<string, string> = { ...headers, accept: 'text/event-stream', prefer: 'handling=strict' }
  if (cursor !== undefined) {
    // Both: what keeps one of them may lose the other.
    target.searchParams.set('lastEventId', cursor)
    all['last-event-id'] = cursor
  }
  const init: RequestInit = { headers: all, cache: 'no-store', ...asked(credentials) }
  if (start === undefined || url !== undefined) return { url: target.href, init }
  return {
    url: target.href,
    init: { ...init, method: start.method, body: start.body, headers: { ...start.headers, ...all } },
  }
}

function asked(credentials: RequestCredentials | undefined): RequestInit {
  return credentials === undefined ? {} : { credentials }
}

/**
 * Where the stream can be read again. Another origin than that which answered is not believed: credentials would be sent
 * there.
 */
function streamUrlOf({ url, headers }: Response, askedUrl: string): string | undefined {
  const location = headers.get('content-location')
  if (location === null) return undefined
  const base = new URL(url || askedUrl)
  const target = new URL(location, base)
  return target.origin === base.origin ? target.origin + target.pathname : undefined
}
