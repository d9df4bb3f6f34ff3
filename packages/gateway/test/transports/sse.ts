import {
  type AttachAsked,
  HTTP_REFUSALS,
  type NativeEvent,
  RecordedReading,
  type TransportClient,
  type TransportDriver,
} from '@sluice/conformance'
import { createParser } from 'eventsource-parser'

import { type Http, HTTP1, HTTP2, serveResource } from './http-resource.ts'
import { COMPLETE, type HttpAnswer, jsonOf, type Requester } from './requester.ts'

/** Native SSE over HTTP/1.1: what kernels take for a client that does not read is theirs to say. */
export const SSE_HTTP1: TransportDriver = createDriver(HTTP1)
/** Native SSE over HTTP/2: a client that does not read is given one window. */
export const SSE_HTTP2: TransportDriver = {
  ...createDriver(HTTP2),
  transportBytes: 256 * 1024,
}

function createDriver(http: Http): TransportDriver {
  return {
    serve: (parts) => serveResource(http, parts, (port, credential) => new SseClient(http.request(port), credential)),
    refusals: HTTP_REFUSALS,
    beats: 'heartbeats',
    asksPeers: false,
    nothingLeft: 'status',
  }
}

/** A client of the HTTP surface. */
class SseClient implements TransportClient {
  readonly #requester: Requester
  readonly #headers: Record<string, string>
  #answer: HttpAnswer | undefined
  #reader: { name: string; id: string } | undefined
  #paused = false

  constructor(requester: Requester, credential: string) {
    this.#requester = requester
    this.#headers = { authorization: `Bearer ${credential}`, prefer: 'handling=strict' }
  }

  async start(): Promise<RecordedReading> {
    return this.#read(await this.#post('/v1/streams', {}))
  }

  async attach({ after, credit, ...ref }: AttachAsked): Promise<RecordedReading> {
    const query = new URLSearchParams()
    // A client that comes back says so in the header; "now" it has been given by nobody.
    const headers: Record<string, string> = { ...this.#headers, accept: 'text/event-stream' }
    if (after === 'now') query.set('after', after)
    else if (after !== undefined) headers['last-event-id'] = after
    if (credit !== undefined) query.set('reader', READER)
    const name = 'id' in ref ? ref.id : ref.cursor
    const path = `/v1/streams/${name}${query.size > 0 ? `?${query.toString()}` : ''}`
    const reading = await this.#read(await this.#requester.request({ method: 'GET', path, headers }))
    this.#reader = { name: READER, id: name }
    const [opened] = reading.events
    if (credit !== undefined && opened?.type === 'opened') await this.ack({ cursor: opened.cursor, credit })
    return reading
  }

  async cancel(id: string): Promise<{ reason: string; cause?: string }> {
    const answer = await this.#post(`/v1/streams/${id}/cancel`)
    const { end } = (await jsonOf(answer)) as { end: { reason: string; cause?: string } }
    return end
  }

  async ack({ cursor, credit }: { cursor: string; credit: number }): Promise<void> {
    const { name, id } = this.#reader!
    await jsonOf(await this.#post(`/v1/streams/${id}/ack`, { reader: name, cursor, credit }))
  }

  pause(): void {
    this.#paused = true
    this.#answer?.body.pause()
  }

  resume(): void {
    this.#paused = false
    this.#answer?.body.resume()
  }

  drop(): void {
    this.#requester.drop()
  }

  #post(path: string, body?: object): Promise<HttpAnswer> {
    const headers: Record<string, string> = { ...this.#headers }
    if (body !== undefined) headers['content-type'] = 'application/json'
    return this.#requester.request({ method: 'POST', path, headers, body: body && JSON.stringify(body) })
  }

  async #read(answer: HttpAnswer): Promise<RecordedReading> {
    const { status, headers, body } = answer
    if (status >= 400) await jsonOf(answer)
    if (status !== 204) requireStreaming(answer)
    this.#answer = answer
    const reading = new RecordedReading(() => body.destroy())
    const parser = createParser({
      onEvent: (event) => reading.add(toNativeEvent(event)),
      onComment: () => reading.beat(),
    })
    const decoder = new TextDecoder()
    body.on('data', (bytes: Buffer) => parser.feed(decoder.decode(bytes, { stream: true })))
    body.on('error', () => {})
    body.on('close', () => {
      const reason = headers['sluice-end']
      const complete = status === 204 ? COMPLETE.has(String(reason)) : undefined
      reading.finish({ polite: answer.isWhole(), complete, told: `${status} ${String(reason ?? '')}` })
    })
    if (this.#paused) body.pause()
    await reading.opened
    return reading
  }
}

const READER = 'the-reader'
/** What every streaming answer says of itself, or proxies keep it, change it or squeeze it. */
function requireStreaming({ status, headers }: HttpAnswer): void {
  const seen = [status, headers['content-type'], headers['cache-control'], headers['content-encoding']]
  const wanted = [200, 'text/event-stream; charset=utf-8', 'no-store, no-transform', undefined]
  if (JSON.stringify(seen) !== JSON.stringify(wanted) || headers['sluice-stream-id'] === undefined)
    throw new Error(`this is no head of a stream: ${JSON.stringify(headers)}`)
}

function toNativeEvent({ id, event, data }: { id?: string; event?: string; data: string }): NativeEvent {
  const value = { ...(JSON.parse(data) as object), type: event } as NativeEvent
  const isNotice = event === 'opened' || event === 'closed'
  // An id moves the place where an EventSource goes on: notices have none, and events must.
  if (isNotice === (id !== undefined)) throw new Error(`an "${event}" ${isNotice ? 'with an' : 'without an'} id`)
  return id === undefined ? value : { ...value, cursor: id }
}
