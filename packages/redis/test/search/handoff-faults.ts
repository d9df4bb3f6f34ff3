/** What the search may do, in the words of its paths. */
export interface Faults {
  chunks: number
  /** How often each may happen. */
  trims: number
  empties: number
  /** The newest entry is lost: another producer goes on, or the same, which writes it again. */
  losses: number
  rewrites: number
  closes: number
  /** Another producer takes over; nothing is lost. */
  takes: number
  /** A failover loses that, and what was written since. */
  backs: number
  readers: number
  /** Readers that have the first event already. */
  resumes: number
  /** Looks for want of news, besides those when nothing more happens. */
  polls: number
}

/** A writer, a reader, and a network. */
export const NO_FAULTS: Faults = {
  chunks: 2,
  trims: 0,
  empties: 0,
  losses: 0,
  rewrites: 0,
  closes: 0,
  takes: 0,
  backs: 0,
  readers: 1,
  resumes: 0,
  polls: 0,
}
