import { text } from 'node:stream/consumers'

import {
  type AttachAsked,
  HTTP_REFUSALS,
  type NativeEvent,
  RecordedReading,
  type ServedTransport,
  type ServeParts,
  type TransportClient,
  type TransportDriver,
  TransportRefusal,
} from '@sluice/conformance'
import { createStreamResource } from '@sluice/http'
import { type NodeRequest, type NodeResponse, sendPlan, toHttpRequest } from '@sluice/http/node'
import { createParser } from 'eventsource-parser'

import { type Listening, listenHttp1, requestHttp1 } from './http1.ts'
import { listenHttp2, requestHttp2 } from './http2.ts'
import type { HttpAnswer, Requester } from './requester.ts'

type Handle = (request: NodeRequest, response: NodeResponse) => void

/** The two versions of HTTP that Server-Sent Events travel over. */
interface Http {
  listen(handle: Handle): Promise<Listening>
  request(port: number): Requester
}

/** Native SSE over HTTP/1.1: what kernels take for a client that does not read is theirs to say. */
export const SSE_HTTP1: TransportDriver = createDriver({ listen: listenHttp1, request: requestHttp1 })
/** Native SSE over HTTP/2: a client that does not read is given one window. */
export const SSE_HTTP2: TransportDriver = {
  ...createDriver({ listen: listenHttp2, request: requestHttp2 }),
  transportBytes: 256 * 1024,
}

function createDriver(http: Http): TransportDriver {
  return {
    serve: (parts) => serve(http, parts),
    refusals: HTTP_REFUSALS,
    beats: 'heartbeats',
    asksPeers: false,
    nothingLeft: 'status',
  }
}

async function serve(http: Http, { sluice, identify, run }: ServeParts): Promise<ServedTransport> {
  const resource = createStreamResource<NodeRequest>({
    sluice,
    identify: ({ headers }) => identify(headers.authorization?.slice('Bearer '.length)),
    runner: run,
  })
  const listening = await http.listen((request, response) => {
    void resource.handle(toHttpRequest(request, response, { mount: '/v1' })).then((plan) => sendPlan(response, plan))
  })
  return {
    ...listening,
    connect: ({ credential, port = listening.port }) => new SseClient(http.request(port), credential),
    drain: (withinMs) => sluice.drain({ withinMs }),
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
/** The reasons of a stream that finished by itself. */
const COMPLETE: ReadonlySet<string> = new Set(['stop', 'length', 'tool_calls', 'content_filter'])

/** The body of an answer that is all there; a refusal's is thrown. */
async function jsonOf({ status, body }: HttpAnswer): Promise<unknown> {
  const value = JSON.parse(await text(body)) as { code: string; detail: string }
  if (status >= 400) throw new TransportRefusal({ code: value.code, status, text: value.detail })
  return value
}

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
