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

/** The readings of one socket, by the `ref` that began each. */
export class Readings {
  readonly #byRef: Map<string, Reading> = new Map()

  get size(): number {
    return this.#byRef.size
  }

  get(ref: string | undefined): Reading | undefined {
    return ref === undefined ? undefined : this.#byRef.get(ref)
  }

  add(reading: Reading): void {
    this.#byRef.set(reading.ref, reading)
  }

  delete(reading: Reading): void {
    if (this.#byRef.get(reading.ref) === reading) this.#byRef.delete(reading.ref)
  }

  /** Those of one stream. */
  of(streamId: string): Reading[] {
    return [...this.#byRef.values()].filter(({ stream }) => stream?.id === streamId)
  }

  all(): Reading[] {
    return [...this.#byRef.values()]
  }
}
