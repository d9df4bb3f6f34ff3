/** How the source is doing, kept by the pump in plain numbers. */
export interface SourceProgress {
  /** When the outstanding pull began; `Infinity` when none is outstanding. Touching counts as a new beginning. */
  readonly pullSinceMs: number
  /** True once the source has given its first event. */
  readonly yielded: boolean
}
