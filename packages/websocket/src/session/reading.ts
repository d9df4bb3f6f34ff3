import type { TokenStream } from '@sluice/core'

/** One reading on a socket, from the request that asked for it to its end. */
export class Reading {
  readonly ref: string
  /** Under which its credit arrives. */
  readonly name: string
  /** Present once there is a stream. */
  stream: TokenStream | undefined
  /** True once the client has been told that it is open. */
  opened = false
  /** True once the client has left it, perhaps before there was a stream. */
  left = false
  /** True while a cancel is carried out: those that come meanwhile are answered by its answer. */
  cancelling = false
  /** Messages to the source that wait for there to be one. */
  waiting = 0
  /** Settles when there is a stream, or none will be. */
  readonly begun: Promise<TokenStream | undefined>
  readonly #begun = Promise.withResolvers<TokenStream | undefined>()

  constructor(ref: string, name: string) {
    this.ref = ref
    this.name = name
    this.begun = this.#begun.promise
  }

  /** Whether there is a stream is known by now. */
  settle(): void {
    this.#begun.resolve(this.stream)
  }
}

/** Where a reading was when it was over. */
export interface PastReading {
  readonly id: string
  readonly cursor: string
}

/** The readings of one socket, by the `ref` that began each. */
export class Readings {
  readonly #maxPast: number
  readonly #byRef: Map<string, Reading> = new Map()
  /** Left before they had begun: their runners are at work still. */
  readonly #leaving: Set<Reading> = new Set()
  /** Those that were over last: what is asked of one may cross its end, and is no mistake then. Without its stream's log. */
  readonly #past: Map<string, PastReading> = new Map()

  /** `maxPast`: how many of those that are over are remembered. */
  constructor(maxPast: number) {
    this.#maxPast = maxPast
  }

  get size(): number {
    return this.#byRef.size
  }

  /** Readings, and what is being done for those that were left. */
  get places(): number {
    return this.#byRef.size + this.#leaving.size
  }

  get(ref: string | undefined): Reading | undefined {
    return ref === undefined ? undefined : this.#byRef.get(ref)
  }

  /** The reading of that name that is over. */
  past(ref: string | undefined): PastReading | undefined {
    return ref === undefined ? undefined : this.#past.get(ref)
  }

  add(reading: Reading): void {
    this.#byRef.set(reading.ref, reading)
    this.#past.delete(reading.ref)
  }

  /** Before it has begun: its name is free again, its place is not. */
  leave(reading: Reading): void {
    this.#forget(reading)
    this.#leaving.add(reading)
  }

  /** It is over. */
  delete(reading: Reading): void {
    this.#leaving.delete(reading)
    if (!this.#forget(reading) || reading.left || !reading.stream) return
    const { id, position } = reading.stream
    this.#past.set(reading.ref, { id, cursor: position })
    if (this.#past.size <= this.#maxPast) return
    for (const oldest of this.#past.keys()) return void this.#past.delete(oldest)
  }

  /** Those of one stream. */
  of(streamId: string): Reading[] {
    return [...this.#byRef.values()].filter(({ stream }) => stream?.id === streamId)
  }

  all(): Reading[] {
    return [...this.#byRef.values()]
  }

  #forget(reading: Reading): boolean {
    return this.#byRef.get(reading.ref) === reading && this.#byRef.delete(reading.ref)
  }
}
