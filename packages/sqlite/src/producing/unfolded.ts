import type { ProducedStream } from './produced-stream.ts'

/** Since when a stream has events in the journal alone. */
interface Since {
  readonly atMs: number
  /** The row they begin in, and the bytes of all rows before it. */
  readonly row: number
  readonly bytes: number
}

/** Streams with events that are in the journal and in no segment yet, oldest first: what they need of the journal is kept. */
export class Unfolded {
  readonly #since: Map<ProducedStream, Since> = new Map()

  get size(): number {
    return this.#since.size
  }

  /** Events of the stream are in the journal since then, unless older ones are. */
  add(stream: ProducedStream, since: Since): void {
    if (!this.#since.has(stream)) this.#since.set(stream, since)
  }

  delete(stream: ProducedStream): void {
    this.#since.delete(stream)
  }

  /** Where what is still needed begins; `undefined` when nothing is. */
  get first(): Since | undefined {
    return this.#since.values().next().value
  }

  /** Those that have waited since before `untilMs`. */
  *before(untilMs: number): Generator<ProducedStream> {
    for (const [stream, { atMs }] of this.#since) {
      if (atMs > untilMs) return
      yield stream
    }
  }
}
