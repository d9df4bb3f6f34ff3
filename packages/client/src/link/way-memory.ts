/** Where it is kept which way works: `localStorage`, or anything like it. */
export type WayStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

interface Kept {
  transport: string
  /** By the clock of the machine. */
  untilMs: number
}

/**
 * Keeps, for each origin, the name of the way that works although something keeps answers back. A storage that refuses is as
 * good as none: then it is kept by whoever asks, as long as the page is there.
 */
export class WayMemory {
  readonly #storage: WayStorage | undefined

  constructor(storage: WayStorage | undefined) {
    this.#storage = storage ?? pageStorage()
  }

  /** What is kept of an origin, and still holds. */
  of(origin: string, nowMs: number): Kept | undefined {
    try {
      const { transport, untilMs } = JSON.parse(this.#storage?.getItem(keyOf(origin)) ?? '{}') as Partial<Kept>
      return typeof transport === 'string' && nowMs < untilMs! ? { transport, untilMs: untilMs! } : undefined
    } catch {
      return undefined
    }
  }

  /** Keeps it, or nothing. */
  keep(origin: string, kept: Kept | undefined): void {
    try {
      if (kept) this.#storage?.setItem(keyOf(origin), JSON.stringify(kept))
      else this.#storage?.removeItem(keyOf(origin))
    } catch {
      // It is full, or not for us.
    }
  }
}

function keyOf(origin: string): string {
  return `sluice:way:${origin}`
}

/** That of the page, where there is one; to ask for it may be refused. Node has one that warns as long as it has no file. */
function pageStorage(): WayStorage | undefined {
  try {
    return typeof document === 'undefined' ? undefined : globalThis.localStorage
  } catch {
    return undefined
  }
}
