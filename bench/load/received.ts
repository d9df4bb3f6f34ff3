/** A piece of text as it reached the reader. */
export interface Arrival {
  /** Characters of the stream's text known from here on. */
  readonly textLength: number
  /** When its event was complete. */
  readonly atUs: number
}

/** What a response said, read after the fact. */
export interface ReceivedStream {
  readonly status: number
  readonly text: string
  readonly arrivals: readonly Arrival[]
  /** The last complete event's id. */
  readonly lastEventId: string | undefined
  /** The wire's own mark of a complete end was the last thing. */
  readonly complete: boolean
  readonly events: number
}
