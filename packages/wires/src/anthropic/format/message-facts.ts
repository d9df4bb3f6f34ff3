/** What the wire stores with a stream, so that any instance writes it identically. */
export interface MessageFacts {
  /** Unix seconds. */
  readonly created: number
  readonly model: string
  readonly [name: string]: string | number | boolean | null | undefined
}
