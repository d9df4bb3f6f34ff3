/** What the wire stores with a stream, so that any instance writes it identically. */
export interface ChatFacts {
  /** Unix seconds. */
  readonly created: number
  readonly model: string
  /** Whether the client asked for `stream_options.include_usage`. */
  readonly includeUsage?: boolean | undefined
  readonly service_tier?: string | undefined
  readonly system_fingerprint?: string | undefined
  readonly [name: string]: string | number | boolean | null | undefined
}
