import { cutError } from '../errors/client-error.ts'
import type { LinkInput } from '../machine/resume-input.ts'
import { HttpLink, streamUrlOf, toFetch } from './http-link.ts'
import type { Transport } from './link.ts'
import { parseMembers, tellMessage } from './native-message.ts'
import { readRefusal } from './refusal.ts'

/** How long the server may wait for the next event, in seconds: less than proxies wait for an answer. */
const WAIT_S = 25
/** A stream that is started to be polled lives as long without a poll. */
const GRACE_MS = 15_000

/** Between two polls where the server does not wait: what stands before it may take its `wait` away. */
const PAUSE_MS = 1_000

/**
 * Long-polls, one after the other, for networks on which no answer lasts: the last thing that works. A stream is started in
 * the background, which takes a body that is an object.
 *
 * @example
 * ```ts
 * const stream = start(url, { messages }, { transport: longPoll })
 * ```
 */
export const longPoll: Transport = {
  name: 'long-poll',
  open: (request, listener) => new PollLink(request, listener),
}

class PollLink extends HttpLink {
  protected async run(): Promise<LinkInput> {
    const { environment, start } = this.request
    const { signal } = this
    let { url, cursor } = this.request
    if (url === undefined && start?.method !== 'GET') {
      const answer = await this.#start()
      if (typeof answer !== 'string') return answer
      url = answer
    }
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      while (this.full) await this.full
      const query = { ...this.request.query, wait: isFirst ? '0' : String(WAIT_S) }
      const poll = toFetch({ ...this.request, url, cursor, query }, 'application/x-ndjson')
      const askedMs = environment.now()
      const response = await environment.fetch(poll.url, { ...poll.init, signal })
      if (response.status === 204) {
        return this.readEnd(response, poll.url)
      }
      if (response.status !== 200 || !response.headers.get('content-type')?.startsWith('application/x-ndjson')) {
        return readRefusal(response, environment.now())
      }
      const { headers } = response
      url = streamUrlOf(response, poll.url) ?? url
      this.listener.learned({ url, id: headers.get('sluice-stream-id') ?? undefined })
      // All of an answer, or nothing of it: the next poll gives the same again.
      const lines = (await response.text()).split('\n').filter((line) => line !== '')
      if (isFirst) this.say({ type: 'opened', cursor })
      this.say({ type: 'alive' })
      for (const line of lines) this.#tell(line)
      cursor = headers.get('sluice-cursor') ?? cursor
      if (lines.length === 0 && !isFirst && environment.now() - askedMs < PAUSE_MS) await this.#pause()
    }
    return { type: 'alive' }
  }

  #pause(): Promise<void> {
    const { signal } = this
    return new Promise((resolve) => {
      const over = (): void => {
        callOff()
        signal.removeEventListener('abort', over)
        resolve()
      }
      const callOff = this.request.environment.after(PAUSE_MS, over)
      signal.addEventListener('abort', over)
    })
  }

  #tell(line: string): void {
    if (this.signal.aborted) return
    const parsed = parseMembers('line', line)
    const { type, cursor, ...members } = parsed
    const at = typeof cursor === 'string' ? cursor : undefined
    tellMessage(this.listener, String(type), type === 'closed' ? parsed : members, at)
  }

  /** Starts the stream in the background; gives where it can be read. */
  async #start(): Promise<string | LinkInput> {
    const { environment, headers, credentials, start } = this.request
    const key = start!.headers['idempotency-key']
    const own = {
      ...headers,
      accept: 'application/json',
      ...(key !== undefined && { 'idempotency-key': `${key}-poll` }),
    }
    const response = await environment.fetch(start!.url, {
      method: start!.method,
      headers: { ...start!.headers, ...own },
      body: backgroundBody(start!.body),
      signal: this.signal,
      credentials,
    })
    const location = streamUrlOf(response, start!.url) ?? response.headers.get('location')
    if (!response.ok || location === null) return readRefusal(response, environment.now())
    void response.body?.cancel().catch(() => undefined)
    return new URL(location, start!.url).href
  }
}

function backgroundBody(body: string | undefined): string {
  const members = parseMembers('body', body ?? 'null')
  if (members.background === false) throw cutError('A stream that is polled is started in the background.')
  const sluice = { onDisconnect: { graceMs: GRACE_MS }, ...(members.sluice as object | undefined) }
  return JSON.stringify({ ...members, background: true, sluice })
}
