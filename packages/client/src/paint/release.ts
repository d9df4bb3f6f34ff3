/** Text that came at one time. */
export interface Piece {
  readonly atMs: number
  readonly chars: number
}

/** How much of a piece is not due yet: it is due evenly over `lagMs` from when it came. */
export function heldOf({ atMs, chars }: Piece, nowMs: number, lagMs: number): number {
  return Math.max(0, Math.ceil(chars * (1 - (nowMs - atMs) / lagMs)))
}
