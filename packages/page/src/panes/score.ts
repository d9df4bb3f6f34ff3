import type { Figures } from './figures.ts'

/** What "feels fast" is made of: its part of the marks, and the milliseconds at which half of them are left. The page says the same in words. */
export const WEIGHTS = {
  first: { part: 0.4, halfMs: 1_000 },
  longest: { part: 0.3, halfMs: 1_000 },
  behind: { part: 0.3, halfMs: 500 },
} as const

/** From 0 to 100, once there is text. What is missing of the text is missing of its marks. */
export function scoreOf({ firstMs, longestMs, behindMs, part }: Figures): number | undefined {
  if (firstMs === undefined) return undefined
  const { first, longest, behind } = WEIGHTS
  const marks = (weight: { part: number; halfMs: number }, ms: number): number =>
    weight.part * 2 ** (-ms / weight.halfMs)
  return Math.round(100 * part * (marks(first, firstMs) + marks(longest, longestMs) + marks(behind, behindMs)))
}
