import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { MESSAGES } from './stage.ts'

/** What a native stream's `POST` answered, and the events that follow. */
export interface NativeReading extends AsyncDisposable {
  readonly response: Response
  readonly id: string
  /** Where the stream can be read again, as a whole address. */
  readonly location: string
  readonly events: AsyncGenerator<EventSourceMessage, void, undefined>
  /** So many have been read. */
  readonly heartbeats: () => number
}

/** Starts a stream on the native route. Leaving the reading (disposing it) closes the connection. */
export async function startNative(api: string, body: object, headers: object = {}): Promise<NativeReading> {
  return openReading(`${api}/streams`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages: MESSAGES, ...body }),
  })
}

/** Attaches to a stream as a plain client does. */
export async function attachNative(url: string, headers: object = {}): Promise<NativeReading> {
  return openReading(url, { headers: { accept: 'text/event-stream', ...headers } })
}

async function openReading(url: string, init: RequestInit): Promise<NativeReading> {
  const abort = new AbortController()
  const response = await fetch(url, { ...init, signal: abort.signal })
  let heartbeats = 0
  return {
    heartbeats: () => heartbeats,
    response,
    id: response.headers.get('sluice-stream-id') ?? '',
    location: new URL(response.headers.get('content-location') ?? '', url).href,
    events: eventsOf(response, () => heartbeats++),
    async [Symbol.asyncDispose]() {
      abort.abort()
    },
  }
}

async function* eventsOf(
  response: Response,
  onComment: () => void,
): AsyncGenerator<EventSourceMessage, void, undefined> {
  const queue: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => queue.push(event), onComment })
  const decoder = new TextDecoder()
  for await (const bytes of response.body!) {
    parser.feed(decoder.decode(bytes, { stream: true }))
    yield* queue.splice(0)
  }
}

/** Reads until `type` has come; gives everything up to it. */
export async function readUntil(reading: Pick<NativeReading, 'events'>, type: string): Promise<EventSourceMessage[]> {
  const seen: EventSourceMessage[] = []
  for (;;) {
    const { done, value } = await reading.events.next()
    if (done) throw new Error(`The stream was over without "${type}": ${seen.map(({ event }) => event).join()}`)
    seen.push(value)
    if (value.event === type) return seen
  }
}

/** The text of choice 0 in native events. */
export function textOf(events: readonly EventSourceMessage[]): string {
  return events
    .filter(({ event }) => event === 'text')
    .map(({ data }) => (JSON.parse(data) as { text: string }).text)
    .join('')
}

/** A JSON answer: status and value. */
export async function askJson(
  url: string,
  { method = 'GET', body, headers = {} }: { method?: string; body?: unknown; headers?: object } = {},
): Promise<{ status: number; headers: Headers; value: Record<string, unknown> }> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const value = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  return { status: response.status, headers: response.headers, value }
}
