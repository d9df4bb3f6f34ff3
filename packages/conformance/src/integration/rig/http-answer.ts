import { once } from 'node:events'
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { Readable } from 'node:stream'
import { constants, createGunzip } from 'node:zlib'

import { within } from '@sluice/testing/patience'

/** How long a word may take that is on its way: what something holds back is not waited for for ever. */
const PATIENCE_MS = 30_000

/** What is asked, beside where. */
export interface Asked {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON … */
  readonly body?: unknown
  /** … or what is sent as if it were. */
  readonly text?: string | undefined
}

/** An answer on a connection of its own; nothing of it is read until that is asked for. */
export class HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly #message: IncomingMessage
  readonly #body: Readable
  #read = ''

  constructor(message: IncomingMessage) {
    this.status = message.statusCode ?? 0
    this.headers = message.headers
    this.#message = message
    this.#body = decoded(message).setEncoding('utf8')
    // What is cut is told by reading it.
    for (const stream of [message, this.#body]) stream.on('error', () => {})
  }

  get cookies(): readonly string[] {
    return (this.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0]!)
  }

  get location(): string {
    return this.headers['content-location'] as string
  }

  /** Reads on until what was read has `words`. */
  async until(words: string): Promise<string> {
    while (!this.#read.includes(words)) {
      const piece = this.#body.read() as string | null
      if (piece !== null) this.#read += piece
      else if (this.#body.readableEnded || this.#message.destroyed) throw new Error(`no ${words} in ${this.#read}`)
      else await within(once(this.#body, 'readable'), () => `${words} after ${this.#read}`, PATIENCE_MS)
    }
    return this.#read
  }

  /** Reads to the end, which must be one: what is cut rejects. */
  async text(): Promise<string> {
    await within(this.#toEnd(), () => `an end after ${this.#read.slice(-200)}`, PATIENCE_MS)
    if (!this.#message.complete) throw new Error('the answer was cut')
    return this.#read
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async #toEnd(): Promise<void> {
    for await (const piece of this.#body) this.#read += piece as string
  }

  /** Leaves without a word. */
  leave(): void {
    this.#message.destroy()
  }
}

/** What nginx compresses, as a client that has asked for that sees it: each piece when it is there. */
function decoded(message: IncomingMessage): Readable {
  if (message.headers['content-encoding'] !== 'gzip') return message
  const gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH })
  message.on('error', (error) => gunzip.destroy(error))
  return message.pipe(gunzip)
}

/** Sends a request, all of it; gives what an answer can be awaited by. */
export function send(url: string, { method, headers, body, text = jsonOf(body) }: Asked = {}): ClientRequest {
  const sent = request(url, {
    agent: false,
    method: method ?? (text === undefined ? 'GET' : 'POST'),
    headers: { authorization: 'ada', ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
  })
  sent.on('error', () => {})
  sent.end(text)
  return sent
}

function jsonOf(body: unknown): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body)
}

/** Asks, and resolves once the head of the answer is there. */
export async function fetchAnswer(url: string, asked?: Asked): Promise<HttpAnswer> {
  const [message] = (await once(send(url, asked), 'response')) as [IncomingMessage]
  return new HttpAnswer(message)
}
