import type { Mark, Trail } from './trail.ts'

/** What a pane shows of its reading. Times are milliseconds. */
export interface Figures {
  /** Until the first text was painted. */
  readonly firstMs: number | undefined
  /** Until all of it was. */
  readonly totalMs: number | undefined
  /** Between two updates of the text. */
  readonly gapP50Ms: number | undefined
  readonly gapP99Ms: number | undefined
  /** The longest time without anything new, the wait for the first text among them. */
  readonly longestMs: number
  /** How far a character is painted behind its first copy in this page, on average. */
  readonly behindMs: number
  /** Part of the text that is on the screen, from 0 to 1. */
  readonly part: number
}

/** The figures of `trail` at `nowMs`. `front`: how far the furthest reader was, and when. */
export function figuresOf(trail: Trail, front: readonly Mark[], nowMs: number): Figures {
  const { paints, end } = trail
  const untilMs = end?.atMs ?? nowMs
  const gaps = paints.slice(1).map((paint, index) => paint.atMs - paints[index]!.atMs)
  const sorted = gaps.toSorted((one, other) => one - other)
  const lastMs = paints.at(-1)?.atMs ?? 0
  const all = front.at(-1)?.chars ?? 0
  return {
    firstMs: paints[0]?.atMs,
    // An answer without text is there when its end is.
    totalMs: end?.whole ? (paints.at(-1)?.atMs ?? end.atMs) : undefined,
    gapP50Ms: quantile(sorted, 0.5),
    gapP99Ms: quantile(sorted, 0.99),
    longestMs: Math.max(paints[0]?.atMs ?? 0, sorted.at(-1) ?? 0, end?.whole ? 0 : untilMs - lastMs),
    behindMs: behindOf(paints, front),
    part: all === 0 ? 0 : Math.min(1, trail.paintedChars / all),
  }
}

/** By nearest rank; nothing of nothing. */
export function quantile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]
}

/** The mean over all characters that were painted: both lists count the same text. */
function behindOf(paints: readonly Mark[], front: readonly Mark[]): number {
  let sumMs = 0
  let chars = 0
  let index = 0
  for (const paint of paints) {
    while (chars < paint.chars) {
      while (index < front.length - 1 && front[index]!.chars <= chars) index++
      const mark = front[index]
      const upTo = mark && mark.chars > chars ? Math.min(paint.chars, mark.chars) : paint.chars
      sumMs += (upTo - chars) * Math.max(0, paint.atMs - (mark?.atMs ?? paint.atMs))
      chars = upTo
    }
  }
  return chars === 0 ? 0 : sumMs / chars
}
