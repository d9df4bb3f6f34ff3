import type { Chunker, StatefulPolicy } from './policy.ts'
import { NO_WISHES, wishedLimits } from './wishes.ts'

/**
 * A policy without memory that honours wishes: `takeUpTo` makes the decision for chunks of at most so many tokens. Readings
 * of clients that wish nothing share one chunker.
 */
export function honourWishes(
  name: string,
  maxDelayMs: number,
  takeUpTo: (maxTokens: number) => Chunker['take'],
): StatefulPolicy {
  const unwished: Chunker = { take: takeUpTo(Infinity) }
  return {
    name,
    maxDelayMs,
    create({ wishes }) {
      if (wishes === NO_WISHES) return unwished
      const limits = wishedLimits(wishes, maxDelayMs)
      return { ...limits, take: takeUpTo(limits.maxTokens) }
    },
  }
}
