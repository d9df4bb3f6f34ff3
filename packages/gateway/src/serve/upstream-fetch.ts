import { Agent as HttpAgent, type IncomingMessage, request as requestHttp, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'

const HTTP_AGENT = new HttpAgent({ keepAlive: true })
const HTTPS_AGENT = new HttpsAgent({ keepAlive: true })

/** What a stream of tokens is read from: the part of a fetch body that its reader uses. */
interface BodyReader {
  read(): Promise<{ done: boolean; value: Uint8Array | undefined }>
  cancel(): Promise<void>
}

/**
 * `fetch` for the backend's streams, over `node:http`: of a token's cost in the gateway, web streams are a large part.
 * Redirects are not followed: a backend's address is configured, not discovered.
 */
export const upstreamFetch: typeof fetch = async (input, init = {}) => {
  const answer = await send(new URL(input instanceof Request ? input.url : input), init, true)
  const status = answer.statusCode ?? 502
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) headers.set(name, String(value))
  if (status >= 300 && status < 400) {
    answer.destroy()
    throw new Error(`The backend redirects (${status})`)
  }
  if (status !== 200 || !/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) {
    const hasBody = status !== 204 && status !== 205
    if (!hasBody) answer.resume()
    return new Response(hasBody ? (Readable.toWeb(answer) as ReadableStream<Uint8Array>) : null, { status, headers })
  }
  const reader: BodyReader = new NodeBodyReader(answer)
  return { ok: true, status, headers, body: { getReader: () => reader } } as unknown as Response
}

function send(url: URL, init: RequestInit, mayRetry: boolean): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:'
  const body = typeof init.body === 'string' ? Buffer.from(init.body) : Buffer.alloc(0)
  const options: RequestOptions = {
    method: init.method ?? 'GET',
    headers: { ...(init.headers as Record<string, string>), 'content-length': String(body.length) },
    agent: secure ? HTTPS_AGENT : HTTP_AGENT,
    ...(init.signal && { signal: init.signal }),
  }
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)(url, options, resolve)
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The backend closed an idle connection in the moment it was used again: it has not seen the request.
      const stale = mayRetry && request.reusedSocket && error.code === 'ECONNRESET'
      if (stale) send(url, init, false).then(resolve, reject)
      else reject(error)
    })
    request.end(body)
  })
}

/** Bytes that may wait for their reader. */
const MAX_WAITING_BYTES = 64 * 1024

class NodeBodyReader implements BodyReader {
  readonly #answer: IncomingMessage
  #chunks: Uint8Array[] = []
  #bytes = 0
  #over: { error: Error | undefined } | undefined
  #wake: (() => void) | undefined

  constructor(answer: IncomingMessage) {
    this.#answer = answer
    answer.on('data', (chunk: Uint8Array) => this.#take(chunk))
    answer.on('end', () => this.#end(undefined))
    answer.on('error', (error) => this.#end(error))
    answer.on('close', () => this.#end(new Error('The connection was closed before the end')))
  }

  async read(): Promise<{ done: boolean; value: Uint8Array | undefined }> {
    if (this.#chunks.length === 0 && !this.#over) await new Promise<void>((resolve) => (this.#wake = resolve))
    const value = this.#chunks.shift()
    if (value) {
      this.#bytes -= value.length
      if (this.#bytes < MAX_WAITING_BYTES && this.#answer.isPaused()) this.#answer.resume()
      return { done: false, value }
    }
    if (this.#over?.error) throw this.#over.error
    return { done: true, value: undefined }
  }

  async cancel(): Promise<void> {
    this.#answer.destroy()
  }

  #take(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= MAX_WAITING_BYTES) this.#answer.pause()
    this.#wakeUp()
  }

  #end(error: Error | undefined): void {
    this.#over ??= { error }
    this.#wakeUp()
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
