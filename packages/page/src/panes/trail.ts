/** So many characters in all, at a time in milliseconds since the start. */
export interface Mark {
  readonly atMs: number
  readonly chars: number
}

/** How a reading came to its end. */
export interface TrailEnd {
  readonly atMs: number
  /** Whether all of the text is there. */
  readonly whole: boolean
}

/** When the text of one pane arrived, and when it was painted. */
export class Trail {
  readonly arrivals: Mark[] = []
  readonly paints: Mark[] = []
  end: TrailEnd | undefined
  readonly #now: () => number

  /** `now`: milliseconds since the start. */
  constructor(now: () => number) {
    this.#now = now
  }

  get arrivedChars(): number {
    return this.arrivals.at(-1)?.chars ?? 0
  }

  get paintedChars(): number {
    return this.paints.at(-1)?.chars ?? 0
  }

  arrived(chars: number): void {
    this.arrivals.push({ atMs: this.#now(), chars: this.arrivedChars + chars })
  }

  painted(chars: number): void {
    this.paints.push({ atMs: this.#now(), chars: this.paintedChars + chars })
  }

  over(whole: boolean): void {
    this.end ??= { atMs: this.#now(), whole }
  }
}
