/** What the page asks the worker for. */
export interface SimulationRequest {
  /** The kind of source, by its name in the simulator. */
  readonly source: string
  /** A policy that the reader has written; empty for none. */
  readonly own: string
}

/** One policy on one network. */
export interface Cell {
  readonly policy: string
  readonly network: string
  readonly delayP50Ms: number
  readonly delayP99Ms: number
  readonly tokensPerChunk: number
  readonly paintsPerSecond: number
  /** When each token was painted, in seconds, and how long it was on the way, in milliseconds: of one stream. */
  readonly atS: readonly number[]
  readonly delayMs: readonly number[]
}

/** What the worker answers. */
export type SimulationAnswer =
  | { readonly is: 'cell'; readonly cell: Cell }
  | { readonly is: 'done'; readonly streams: number; readonly tookMs: number }
  | { readonly is: 'failed'; readonly message: string }
