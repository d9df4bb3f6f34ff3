import type { DescMessage } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { type ArrivingBody, type Bodies, GatheredBytes, hostTurn, type JsonLimits, JsonScan } from '@sluice/core/extend'

import { COMPRESSED, framed, Frames } from './frames.ts'
import { inflate, tooLarge } from './inflate.ts'
import { decodeMessage } from './request-message.ts'

/** What is known of the input of a call before it is read. */
export interface InputKind {
  readonly desc: DescMessage
  readonly isJson: boolean
  /** How it may be compressed; `null`: it is not. */
  readonly encoding: string | null
  readonly maxBytes: number
  readonly limits: JsonLimits
  /** What is still being received when it aborts is refused for its reason. */
  readonly shutdownSignal: AbortSignal | undefined
}

const SUBJECT = 'The request'
/** Some milliseconds of decoding. */
const LONG_BYTES = 64 * 1024

/** The input of a call: counted while it comes, and looked at before Connect decodes it, which cannot be stopped then. */
export class BoundedInput {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #bodies: Bodies
  readonly #kind: InputKind
  #arriving: ArrivingBody | undefined
  #refused: Promise<never> | undefined
  #onShutdown: (() => void) | undefined

  constructor(source: AsyncIterable<Uint8Array>, bodies: Bodies, kind: InputKind) {
    this.#source = source[Symbol.asyncIterator]()
    this.#bodies = bodies
    this.#kind = kind
  }

  /**
   * The one message of a call that has no frames, without its compression.
   *
   * @throws ConnectError for what is not the message; SluiceError for what is too much, too large or too slow
   */
  async *whole(): AsyncGenerator<Uint8Array, void, undefined> {
    const { encoding, maxBytes } = this.#kind
    const gathered = new GatheredBytes()
    this.#open(0)
    try {
      for (let piece = await this.#next(); piece; piece = await this.#next()) {
        if (gathered.length + piece.length > maxBytes) throw tooLarge(maxBytes)
        gathered.push(piece)
      }
      const bytes = gathered.take()
      yield await this.#checked(encoding === null ? bytes : await inflate(bytes, encoding, maxBytes))
    } finally {
      this.#close()
    }
  }

  /** The messages of a call that has frames, in the same way. `many`: between them the client may take its time. */
  async *frames(many: boolean): AsyncGenerator<Uint8Array, void, undefined> {
    const { encoding, maxBytes } = this.#kind
    const frames = new Frames(maxBytes)
    if (!many) this.#open(0)
    try {
      for (let piece = await this.#next(); piece; piece = await this.#next()) {
        for (const { flags, message } of frames.push(piece)) {
          const isCompressed = (flags & COMPRESSED) !== 0
          const plain = isCompressed ? await inflate(message, encoding, maxBytes) : message
          yield framed(flags & ~COMPRESSED, await this.#checked(plain))
        }
        if (!many) continue
        this.#close()
        if (frames.pending > 0) this.#open(frames.pending)
      }
      if (frames.pending > 0) throw new ConnectError('The request breaks off.', Code.InvalidArgument)
    } finally {
      this.#close()
    }
  }

  /** Not by leaving the iterator, where the input is refused: that would cut the answer's connection too. */
  async #next(): Promise<Uint8Array | undefined> {
    const next = this.#source.next()
    const { done, value } = await (this.#refused ? Promise.race([next, this.#refused]) : next)
    if (done) return undefined
    const piece = value as Uint8Array
    if (this.#arriving?.take(piece.length) === false) await this.#refused
    return piece
  }

  #open(bytes: number): void {
    const { promise, reject } = Promise.withResolvers<never>()
    // Nobody may be waiting for it.
    promise.catch(() => {})
    this.#refused = promise
    const { shutdownSignal } = this.#kind
    const onShutdown = (): void => reject(shutdownSignal?.reason)
    if (shutdownSignal?.aborted) onShutdown()
    else shutdownSignal?.addEventListener('abort', onShutdown, { once: true })
    this.#onShutdown = onShutdown
    this.#arriving = this.#bodies.open(reject)
    this.#arriving.take(bytes)
  }

  #close(): void {
    if (this.#onShutdown) this.#kind.shutdownSignal?.removeEventListener('abort', this.#onShutdown)
    this.#onShutdown = undefined
    this.#arriving?.close()
    this.#arriving = undefined
    this.#refused = undefined
  }

  async #checked(message: Uint8Array): Promise<Uint8Array> {
    const { desc, isJson, limits } = this.#kind
    if (isJson) new JsonScan(SUBJECT, limits).push(message)
    else decodeMessage(desc, message, limits)
    // Connect decodes it from here on, and that is a step by itself.
    if (message.length > LONG_BYTES) await hostTurn()
    return message
  }
}
