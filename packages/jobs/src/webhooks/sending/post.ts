import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'

import { Deadline, type Scheduler } from '@sluice/core/extend'

import type { AddressRules, HostAddress } from '../address/address-options.ts'
import { hostOf } from '../address/check-url.ts'
import { isPublicAddress } from '../address/public-address.ts'
import { resolveAllowed } from '../address/resolve-host.ts'

/**
 * How far a request came that had no answer. `address`: its host leads to no address that may be called; `connect`: nobody listens
 * there; `tls`: no trusted certificate; `answer`: what came is no answer of HTTP; `timeout`: it took too long.
 */
export type PostFailure = 'address' | 'connect' | 'tls' | 'answer' | 'timeout'

/** What became of a request. Of an answer nothing is kept but this. */
export type Posted =
  | { readonly is: 'answered'; readonly status: number; readonly retryAfter?: string | undefined }
  | { readonly is: 'failed'; readonly why: PostFailure }

/** What is sent. */
export interface PostedMessage {
  /** Checked. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How long a request may take, and how much of an answer is read. */
export interface PostLimits {
  readonly connectMs: number
  readonly totalMs: number
  readonly maxAnswerBytes: number
}

/** What a request needs beside its message. */
export interface PostContext {
  readonly scheduler: Scheduler
  readonly rules: AddressRules
  readonly limits: PostLimits
}

const MOST_HEADER_BYTES = 16 * 1024
/** Nothing is shared between two requests: neither a connection nor a session of TLS. Agents of one's own take no proxy. */
const AGENTS = {
  'http:': new HttpAgent({ keepAlive: false }),
  'https:': new HttpsAgent({ keepAlive: false, maxCachedSessions: 0 }),
}

/** Sends a message with POST, to an address that was checked; follows nothing. Never rejects. */
export function post(message: PostedMessage, context: PostContext): Promise<Posted> {
  return new Promise((resolve) => new Post(message, context, resolve).begin())
}

class Post {
  readonly #message: PostedMessage
  readonly #context: PostContext
  readonly #done: (posted: Posted) => void
  readonly #stop = new AbortController()
  readonly #connected: Deadline = new Deadline({ due: () => this.#fail('timeout') })
  readonly #total: Deadline = new Deadline({ due: () => this.#end({ is: 'failed', why: 'timeout' }) })
  #stage: PostFailure = 'address'
  #answer: Posted | undefined
  #request: ClientRequest | undefined
  #over = false

  constructor(message: PostedMessage, context: PostContext, done: (posted: Posted) => void) {
    this.#message = message
    this.#context = context
    this.#done = done
  }

  begin(): void {
    const { scheduler, rules, limits } = this.#context
    scheduler.schedule(this.#connected, scheduler.now() + limits.connectMs)
    scheduler.schedule(this.#total, scheduler.now() + limits.totalMs)
    void resolveAllowed(hostOf(this.#message.url), rules, this.#stop.signal)
      .then((addresses) => this.#send(addresses))
      .catch(() => this.#fail(this.#stage))
  }

  #send(addresses: readonly HostAddress[]): void {
    if (this.#over) return
    const { url, headers, body } = this.#message
    const { rules } = this.#context
    const secure = url.protocol === 'https:'
    const host = hostOf(url)
    this.#stage = 'connect'
    const request = (secure ? httpsRequest : httpRequest)({
      method: 'POST',
      host,
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      path: url.pathname + url.search,
      headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
      agent: secure ? AGENTS['https:'] : AGENTS['http:'],
      lookup: lookupOf(addresses),
      maxHeaderSize: MOST_HEADER_BYTES,
      // The environment could switch it off.
      rejectUnauthorized: true,
      ...(secure && { servername: isIP(host) === 0 ? host : '', ...(rules.ca && { ca: [...rules.ca] }) }),
    })
    this.#request = request
    request.once('socket', (socket) => this.#watch(socket, secure))
    request.once('response', (response) => this.#read(response))
    request.on('error', () => this.#fail(this.#stage))
    request.once('close', () => this.#fail(this.#stage))
    request.end(body)
  }

  #watch(socket: Socket, secure: boolean): void {
    socket.once('connect', () => {
      if (!isAllowedSocket(socket, this.#context.rules)) return this.#fail('address')
      this.#stage = secure ? 'tls' : 'answer'
      if (!secure) this.#context.scheduler.cancel(this.#connected)
    })
    if (!secure) return
    socket.once('secureConnect', () => {
      this.#stage = 'answer'
      this.#context.scheduler.cancel(this.#connected)
    })
  }

  /** The status is all that counts; the rest is read for as long as it may take, so that the receiver is not cut off. */
  #read(response: IncomingMessage): void {
    const { statusCode = 0, headers } = response
    this.#answer = { is: 'answered', status: statusCode, retryAfter: headers['retry-after'] }
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > this.#context.limits.maxAnswerBytes) this.#end(this.#answer!)
    })
    response.once('close', () => this.#end(this.#answer!))
    response.on('error', () => this.#end(this.#answer!))
  }

  #fail(why: PostFailure): void {
    this.#end({ is: 'failed', why })
  }

  #end(posted: Posted): void {
    if (this.#over) return
    this.#over = true
    this.#context.scheduler.cancel(this.#connected)
    this.#context.scheduler.cancel(this.#total)
    this.#stop.abort()
    this.#request?.destroy()
    // An answer that has come stays one, whatever becomes of its body.
    this.#done(this.#answer ?? posted)
  }
}

/** Whether a connection has come to where it may: what was looked up is what is connected to, and this makes sure of it. */
export function isAllowedSocket(
  { remoteAddress }: Pick<Socket, 'remoteAddress'>,
  { allowPrivate }: AddressRules,
): boolean {
  return allowPrivate || (remoteAddress !== undefined && isPublicAddress(remoteAddress))
}

/** Answers with addresses that were checked, however it is asked. */
function lookupOf(addresses: readonly HostAddress[]): LookupFunction {
  return (_, { all }, callback) => {
    const [first] = addresses
    if (all) callback(null, [...addresses])
    else callback(null, first!.address, first!.family)
  }
}
