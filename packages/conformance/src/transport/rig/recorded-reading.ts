import type { NativeEvent, ReadingOver, TransportReading } from './driver.ts'

/** A reading as a driver records it: what every transport's client has to remember alike. */
export class RecordedReading implements TransportReading {
  readonly events: NativeEvent[] = []
  readonly beats: number[] = []
  readonly over: Promise<ReadingOver>
  /** Settles with the first event, or when there will be none. */
  readonly opened: Promise<void>
  readonly #over = Promise.withResolvers<ReadingOver>()
  readonly #opened = Promise.withResolvers<void>()
  readonly #leave: () => void

  /** `leave`: what a client of the transport does that leaves a reading. */
  constructor(leave: () => void) {
    this.#leave = leave
    this.over = this.#over.promise
    this.opened = this.#opened.promise
  }

  /** An event of this reading has arrived. */
  add(event: NativeEvent): void {
    this.events.push(event)
    this.#opened.resolve()
  }

  /** A sign of life has arrived that is no event. */
  beat(): void {
    this.beats.push(this.events.length)
  }

  /** Nothing more will come. Only the first word counts. */
  finish(over: ReadingOver): void {
    this.#over.resolve(over)
    this.#opened.resolve()
  }

  detach(): void {
    this.#leave()
  }
}
