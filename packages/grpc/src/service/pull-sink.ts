import type { Sink, WireBytes } from '@sluice/core/extend'

/** Queues messages until their call asks for the next one. */
export class PullSink implements Sink {
  readonly #queueBytes: number
  readonly #joins: boolean
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #state: 'open' | 'closing' | 'over' = 'open'
  /** Who waits for a message. */
  #wanting: PromiseWithResolvers<Uint8Array | undefined> | undefined
  /** Who waits for room. */
  #waiting: PromiseWithResolvers<void> | undefined

  /** `joins`: messages that gathered leave as one, where joined messages are one message still. */
  constructor(queueBytes: number, joins: boolean) {
    this.#queueBytes = queueBytes
    this.#joins = joins
  }

  write(bytes: WireBytes): boolean {
    if (this.#state !== 'open' || bytes.length === 0) return true
    const message = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    if (this.#wanting) {
      this.#wanting.resolve(message)
      this.#wanting = undefined
      return true
    }
    this.#queue.push(message)
    this.#queuedBytes += message.length
    return this.#queuedBytes < this.#queueBytes
  }

  drained(): Promise<void> {
    if (this.#state !== 'open' || this.#queuedBytes < this.#queueBytes) return Promise.resolve()
    this.#waiting ??= Promise.withResolvers<void>()
    return this.#waiting.promise
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#makeRoom()
    if (this.#queue.length === 0) this.destroy()
  }

  destroy(): void {
    this.#state = 'over'
    this.#queue = []
    this.#queuedBytes = 0
    this.#wanting?.resolve(undefined)
    this.#wanting = undefined
    this.#makeRoom()
  }

  /** The next message; `undefined` when none will come. The call asks for one at a time. */
  next(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    if (this.#state === 'over') return undefined
    if (this.#queue.length === 0) {
      this.#wanting = Promise.withResolvers<Uint8Array | undefined>()
      return this.#wanting.promise
    }
    const message = this.#take()
    if (this.#state === 'closing' && this.#queue.length === 0) this.#state = 'over'
    this.#makeRoom()
    return message
  }

  #take(): Uint8Array {
    if (this.#joins && this.#queue.length > 1) {
      const joined = Buffer.concat(this.#queue, this.#queuedBytes)
      this.#queue = []
      this.#queuedBytes = 0
      return joined
    }
    const message = this.#queue.shift()!
    this.#queuedBytes -= message.length
    return message
  }

  #makeRoom(): void {
    if (this.#state === 'open' && this.#queuedBytes >= this.#queueBytes) return
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}
