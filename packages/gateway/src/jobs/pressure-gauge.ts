import type { AttachedInfo, Observer } from '@sluice/core'

/** What was measured longer ago says nothing of now. */
const RECENT_MS = 10_000
const MOST_SEEN = 64

/** A stream that has said nothing to anybody yet. */
interface Waiting {
  readonly sinceMs: number
  /** It is delivered to somebody from its beginning. What is answered as a whole, in the background or to a batch, is not. */
  isRead: boolean
}

/** How those are doing who wait for the first word of an answer: batches stand back for them. */
export class PressureGauge implements Observer {
  readonly #now: () => number
  readonly #waiting: Map<string, Waiting> = new Map()
  #seen: { readonly atMs: number; readonly ttftMs: number }[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  started({ id }: { readonly id: string }): void {
    this.#waiting.set(id, { sinceMs: this.#now(), isRead: false })
  }

  attached({ id }: { readonly id: string }, { resumed, delivered }: Pick<AttachedInfo, 'resumed' | 'delivered'>): void {
    const waiting = this.#waiting.get(id)
    if (waiting && delivered && !resumed) waiting.isRead = true
  }

  chunk({ id }: { readonly id: string }): void {
    this.#begun(id)
  }

  /** Who waited has left: the stream may go on without anybody. */
  detached({ id }: { readonly id: string }, { readers }: { readonly readers: number }): void {
    const waiting = this.#waiting.get(id)
    if (waiting && readers === 0) waiting.isRead = false
  }

  ended({ id }: { readonly id: string }): void {
    this.#begun(id)
  }

  /** Whoever waits for it waits elsewhere. */
  lost({ id }: { readonly id: string }): void {
    this.#waiting.delete(id)
  }

  /** What was waited of late, in the middle; where those who still wait have waited longer than that, theirs. */
  pressure(): { interactiveTtftMs?: number | undefined } {
    const now = this.#now()
    this.#seen = this.#seen.filter(({ atMs }) => atMs >= now - RECENT_MS)
    const waits = [...this.#waiting.values()].filter(({ isRead }) => isRead).map(({ sinceMs }) => now - sinceMs)
    const all = [...this.#seen.map(({ ttftMs }) => ttftMs), ...waits]
    return all.length > 0 ? { interactiveTtftMs: Math.max(median(all), median(waits)) } : {}
  }

  #begun(id: string): void {
    const waiting = this.#waiting.get(id)
    if (!waiting) return
    this.#waiting.delete(id)
    if (!waiting.isRead) return
    const atMs = this.#now()
    this.#seen.push({ atMs, ttftMs: atMs - waiting.sinceMs })
    if (this.#seen.length > MOST_SEEN) this.#seen.shift()
  }
}

function median(ms: readonly number[]): number {
  return ms.toSorted((a, b) => a - b)[Math.floor(ms.length / 2)] ?? 0
}
