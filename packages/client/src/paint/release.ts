interface Piece {
  readonly atMs: number
  chars: number
}

/** Pieces that come closer together than this count as one. */
const TOGETHER_MS = 8

/**
 * Spreads what comes in bursts: each piece is due evenly over `lagMs` from when it came, and is due as a whole then, whatever
 * else has come since.
 */
export class Release {
  readonly #lagMs: number
  readonly #pieces: Piece[] = []
  /** In pieces that are due as a whole. */
  #past = 0

  constructor(lagMs: number) {
    this.#lagMs = lagMs
  }

  /** Whether all that came is due. */
  get isPast(): boolean {
    return this.#pieces.length === 0
  }

  add(chars: number, nowMs: number): void {
    const last = this.#pieces.at(-1)
    if (last && nowMs - last.atMs < TOGETHER_MS) last.chars += chars
    else this.#pieces.push({ atMs: nowMs, chars })
  }

  /** How much of everything that ever came is due. Never less than before. */
  due(nowMs: number): number {
    while (this.#pieces[0] && nowMs - this.#pieces[0].atMs >= this.#lagMs) this.#past += this.#pieces.shift()!.chars
    return this.#pieces.reduce(
      (due, { atMs, chars }) => due + Math.floor((chars * (nowMs - atMs)) / this.#lagMs),
      this.#past,
    )
  }
}
