import { invalidOption, requireInteger, requireNumber } from '../events/option-rules.ts'
import type { ChunkingPolicy } from './policy.ts'

/** `policy`, if it has the shape of one: a wrong one would otherwise show as a reader that waits for ever. */
export function requirePolicy(name: string, policy: ChunkingPolicy): ChunkingPolicy {
  if (typeof policy !== 'object' || policy === null || typeof policy.take !== 'function') {
    throw invalidOption(name, policy, 'a policy: { name, maxDelayMs, take(view) }, for instance adaptive()')
  }
  requireNumber(`${name}.maxDelayMs`, policy.maxDelayMs, 0, 60_000)
  if (policy.pace !== undefined) {
    if (typeof policy.pace !== 'object' || policy.pace === null) {
      throw invalidOption(`${name}.pace`, policy.pace, '{ tokensPerSecond, burstTokens }')
    }
    requireNumber(`${name}.pace.tokensPerSecond`, policy.pace.tokensPerSecond, 0.001, 1_000_000)
    requireInteger(`${name}.pace.burstTokens`, policy.pace.burstTokens, 1, 1_000_000)
  }
  return policy
}
