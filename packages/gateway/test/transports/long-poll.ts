import { text } from 'node:stream/consumers'

import {
  type AttachAsked,
  HTTP_REFUSALS,
  type NativeEvent,
  type PollAnswer,
  RecordedReading,
  type ServeParts,
  type TransportClient,
  type TransportDriver,
  TransportRefusal,
} from '@sluice/conformance'

import { type Http, HTTP1, HTTP2, serveResource } from './http-resource.ts'
import { requestHttp1 } from './http1.ts'
import { COMPLETE, type HttpAnswer, jsonOf, type Requester } from './requester.ts'

/** Lines of JSON, asked for again and again over one connection. */
export const POLL_HTTP1: TransportDriver = createDriver(HTTP1, (port) => requestHttp1(port, { oneByOne: true }))
/** The same over HTTP/2. */
export const POLL_HTTP2: TransportDriver = createDriver(HTTP2)

/** `polling`: connections for polls alone, where what else a client asks would have to wait for them. */
function createDriver(http: Http, polling?: (port: number) => Requester): TransportDriver {
  const connect = ({ pingMs }: ServeParts, port: number, credential: string): TransportClient => {
    const requester = http.request(port)
    const wait = Math.min(MAX_WAIT_SECONDS, Math.ceil(pingMs / 1_000))
    return new PollClient({ requester, polling: polling?.(port) ?? requester }, credential, String(wait))
  }
  return {
    serve: (parts) => serveResource(http, parts, (port, credential) => connect(parts, port, credential)),
    refusals: HTTP_REFUSALS,
    beats: 'answers',
    asksPeers: false,
    nothingLeft: 'status',
  }
}

const MAX_WAIT_SECONDS = 55
const READER = 'the-reader'

interface Requesters {
  /** For what is asked beside the polls of a reading. */
  readonly requester: Requester
  readonly polling: Requester
}

type PollAsked = Parameters<NonNullable<TransportClient['poll']>>[0]

/** A client whose readings are polls, one after the other, each with the cursor that the one before was answered. */
class PollClient implements TransportClient {
  readonly #requester: Requester
  readonly #polling: Requester
  readonly #headers: Record<string, string>
  readonly #wait: string
  #readerOf = ''
  #reads = Promise.withResolvers<void>()

  constructor({ requester, polling }: Requesters, credential: string, wait: string) {
    this.#requester = requester
    this.#polling = polling
    this.#headers = { authorization: `Bearer ${credential}` }
    this.#wait = wait
    this.#reads.resolve()
  }

  /** A stream is started as any is; then it is polled. */
  async start(): Promise<RecordedReading> {
    const answer = await this.#post('/v1/streams', {})
    if (answer.status >= 400) await jsonOf(answer)
    answer.body.on('error', () => {})
    try {
      return await this.attach({ cursor: `${String(answer.headers['sluice-stream-id'])}.1.0` })
    } finally {
      answer.body.destroy()
    }
  }

  async attach({ credit, ...asked }: AttachAsked): Promise<RecordedReading> {
    const leaving = new AbortController()
    const reading = new RecordedReading(() => leaving.abort())
    const reader = credit === undefined ? undefined : READER
    const first = await this.#poll(this.#polling, { ...asked, wait: '0', reader }, leaving.signal)
    const ref = 'id' in asked ? asked.id : asked.cursor
    const [id = ''] = ref.split('.')
    if (first.nothingLeft === undefined) {
      // Nothing says so but the answer itself: it would begin like this elsewhere.
      const cursor = asked.after === 'now' ? first.cursor! : (asked.after ?? (ref === id ? `${id}.1.0` : ref))
      reading.add({ type: 'opened', id, cursor, meta: {} })
    }
    this.#readerOf = id
    if (credit !== undefined) await this.ack({ cursor: first.cursor!, credit })
    void this.#read(reading, { first, reader }, leaving.signal)
    return reading
  }

  async cancel(id: string): Promise<{ reason: string; cause?: string }> {
    const { end } = (await jsonOf(await this.#post(`/v1/streams/${id}/cancel`))) as {
      end: { reason: string; cause?: string }
    }
    return end
  }

  async ack({ cursor, credit }: { cursor: string; credit: number }): Promise<void> {
    await jsonOf(await this.#post(`/v1/streams/${this.#readerOf}/ack`, { reader: READER, cursor, credit }))
  }

  poll(asked: PollAsked): Promise<PollAnswer> {
    return this.#poll(this.#requester, asked)
  }

  pause(): void {
    this.#reads = Promise.withResolvers()
  }

  resume(): void {
    this.#reads.resolve()
  }

  drop(): void {
    this.#requester.drop()
    this.#polling.drop()
  }

  /** Asks on until the end, a notice, or a connection that is gone. */
  async #read(
    reading: RecordedReading,
    { first, reader }: { first: PollAnswer; reader: string | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      for (let answer = first; ;) {
        for (const event of answer.events) reading.add(event)
        const last = answer.events.at(-1)?.type
        if (answer.nothingLeft !== undefined || last === 'end' || last === 'closed') return finish(reading, answer)
        await this.#reads.promise
        answer = await this.#poll(this.#polling, { cursor: answer.cursor!, wait: this.#wait, reader }, signal)
        if (answer.events.length === 0 && answer.nothingLeft === undefined) reading.beat()
      }
    } catch (error) {
      // What a reading that is held would be told by a notice.
      if (error instanceof TransportRefusal && error.status === 410) reading.add({ type: 'closed', code: 'trimmed' })
      reading.finish({ polite: error instanceof TransportRefusal, told: String(error) })
    }
  }

  async #poll(
    requester: Requester,
    { after, wait, reader, ...ref }: PollAsked,
    signal?: AbortSignal,
  ): Promise<PollAnswer> {
    const query = new URLSearchParams()
    if (after !== undefined) query.set('after', after)
    if (reader !== undefined) query.set('reader', reader)
    const headers = { ...this.#headers, accept: 'application/x-ndjson', prefer: `wait=${wait}` }
    const path = `/v1/streams/${'id' in ref ? ref.id : ref.cursor}?${query.toString()}`
    const answer = await requester.request({ method: 'GET', path, headers, signal })
    if (answer.status >= 400) await jsonOf(answer)
    return answerOf(answer)
  }

  #post(path: string, body?: object): Promise<HttpAnswer> {
    const headers: Record<string, string> = { ...this.#headers }
    if (body !== undefined) headers['content-type'] = 'application/json'
    return this.#requester.request({ method: 'POST', path, headers, body: body && JSON.stringify(body) })
  }
}

function finish(reading: RecordedReading, { nothingLeft }: PollAnswer): void {
  const complete = nothingLeft === undefined ? undefined : COMPLETE.has(nothingLeft)
  reading.finish({ polite: true, complete, told: nothingLeft })
}

/** What a poll was answered, all of which must be there. */
async function answerOf(answer: HttpAnswer): Promise<PollAnswer> {
  const { status, headers } = answer
  const body = await text(answer.body)
  if (!answer.isWhole()) throw new Error('the answer was cut')
  if (status === 204) return { events: [], nothingLeft: String(headers['sluice-end']) }
  requireLines(answer, body)
  const events = body
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as NativeEvent)
  const cursor = headers['sluice-cursor']
  const last = events.findLast((event) => event.cursor !== undefined)?.cursor
  if (last !== undefined && last !== cursor) throw new Error(`the last line says ${last}, the head ${String(cursor)}`)
  return cursor === undefined ? { events } : { events, cursor: String(cursor) }
}

/** What every answer says of itself, or caches keep it. */
function requireLines({ status, headers }: HttpAnswer, body: string): void {
  const seen = [status, headers['content-type'], headers['cache-control'], body === '' || body.endsWith('\n')]
  const wanted = [200, 'application/x-ndjson', 'no-store', true]
  if (JSON.stringify(seen) !== JSON.stringify(wanted) || headers['sluice-stream-id'] === undefined)
    throw new Error(`this is no answer to a poll: ${JSON.stringify([headers, body.slice(-100)])}`)
}
