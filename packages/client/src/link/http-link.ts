import type { StreamEvent } from '@sluice/core'

import { ClientError } from '../errors/client-error.ts'
import type { LinkInput } from '../machine/resume-input.ts'
import type { Link, LinkListener, LinkRequest } from './link.ts'
import { askJson, networkError } from './refusal.ts'

/** A reading over HTTP: what answers of all kinds have in common. */
export abstract class HttpLink implements Link {
  protected readonly request: LinkRequest
  protected readonly listener: LinkListener
  protected readonly signal: AbortSignal
  /** Settles when there is room again, while there is none. */
  protected full: Promise<void> | undefined
  readonly #abort = new AbortController()
  #room: (() => void) | undefined

  constructor(request: LinkRequest, listener: LinkListener) {
    this.request = request
    this.listener = listener
    this.signal = this.#abort.signal
    // Nothing is told before whoever opens this has it in hand.
    void Promise.resolve()
      .then(() => this.run())
      .then(
        (last) => this.say(last),
        (error: unknown) => this.say({ type: 'broken', error: networkError(error) }),
      )
  }

  close(): void {
    this.#abort.abort()
    this.setPaused(false)
  }

  setPaused(paused: boolean): void {
    this.#room?.()
    this.full = paused ? new Promise((resolve) => (this.#room = resolve)) : undefined
  }

  /** Reads until nothing more is to be had here, and says why. */
  protected abstract run(): Promise<LinkInput>

  protected say(input: LinkInput): void {
    if (!this.signal.aborted) this.listener.said(input)
  }

  /** Nothing is left to read (204): how the stream ended is known all the same, and told. */
  protected async readEnd({ headers }: Response, url: string): Promise<LinkInput> {
    if (headers.get('sluice-end') === null) {
      const error = new ClientError('SLUICE_ERR_NOT_FOUND', 'Nothing runs there.', { status: 404 })
      return { type: 'refused', error }
    }
    const { refusal, answer, response } = await askJson(this.request, url, { signal: this.signal })
    if (refusal) return refusal
    const { id, end } = answer as { id?: string; end?: StreamEvent }
    if (end?.type !== 'end') return { type: 'broken', error: networkError('no end') }
    this.listener.learned({ url: streamUrlOf(response!, url), id })
    this.listener.event(end, undefined)
    return { type: 'alive' }
  }
}

/** The request for a reading, or for a start, in the representation that is asked for. */
export function toFetch(
  { start, url, cursor, query, headers, credentials }: LinkRequest,
  accept: string,
): { url: string; init: RequestInit } {
  const own = url === undefined ? start : undefined
  const target = new URL(url ?? own!.url)
  if (!own || own.method === 'GET') {
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value)
  }
  const all: Record<string, string> = { ...own?.headers, ...headers, accept, prefer: 'handling=strict' }
  if (cursor !== undefined) {
    // Both: what keeps one of them may lose the other.
    target.searchParams.set('lastEventId', cursor)
    all['last-event-id'] = cursor
  }
  return {
    url: target.href,
    init: { method: own?.method, body: own?.body, headers: all, cache: 'no-store', credentials },
  }
}

/**
 * Where the stream can be read again. Another origin than that which answered is not believed: credentials would be sent
 * there.
 */
export function streamUrlOf({ url, headers }: Response, askedUrl: string): string | undefined {
  const location = headers.get('content-location')
  if (location === null) return undefined
  const base = new URL(url || askedUrl)
  const target = new URL(location, base)
  return target.origin === base.origin ? target.origin + target.pathname : undefined
}
