import type { LinkInput } from '../machine/resume-input.ts'
import { HttpLink, streamUrlOf, toFetch } from './http-link.ts'
import type { Transport } from './link.ts'
import { parseMembers, tellMessage } from './native-message.ts'
import { networkError, readRefusal } from './refusal.ts'
import { createSseReader } from './sse-reader.ts'

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

/** One event stream. What its events mean is its wire's: sluice's own here. */
export class SseLink extends HttpLink {
  #opened = false
  #lastId = ''

  protected async run(): Promise<LinkInput> {
    const { environment } = this.request
    const { url, init } = toFetch(this.request, 'text/event-stream')
    const response = await environment.fetch(url, { ...init, signal: this.signal })
    const { status, headers, body } = response
    if (status === 204) return this.readEnd(response, url)
    if (status !== 200 || !body || !headers.get('content-type')?.startsWith('text/event-stream')) {
      return readRefusal(response, environment.now())
    }
    this.listener.learned({ url: streamUrlOf(response, url), id: headers.get('sluice-stream-id') ?? undefined })
    const reader = body.getReader()
    const push = createSseReader({
      onEvent: (type, data, id) => this.tell(type, data, id),
      onRetry: (retryMs) => this.say({ type: 'retry', retryMs }),
    })
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      this.say({ type: 'alive' })
      for (let from = 0; from < next.value.length; from += SLICE_BYTES) {
        while (this.full) await this.full
        push(next.value.subarray(from, from + SLICE_BYTES))
      }
      while (this.full) await this.full
      // Of a stream that comes in drops, what comes while the reader rests is read as one piece.
      if (next.value.length < SLICE_BYTES) await this.request.rest?.()
    }
    // Whatever came before: an answer that is over without an `end` was cut.
    return { type: 'broken', error: networkError('no end') }
  }

  protected tell(event: string, data: string, id: string): void {
    // By the standard an answer that lasts begins with `opened`; what does not is somebody else's stream of events.
    if (!this.#opened && event !== 'opened') throw networkError('no end')
    this.#opened = true
    if (this.signal.aborted) return
    // An event without an id of its own is shown before it is stored: the cursor stays where it was.
    const cursor = id === this.#lastId ? undefined : id
    this.#lastId = id
    tellMessage(this.listener, event, parseMembers(event, data), cursor)
  }
}
