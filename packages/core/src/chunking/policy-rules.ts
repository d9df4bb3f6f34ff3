import { invalidOption, requireInteger, requireNumber } from '../events/option-rules.ts'
import type { ChunkingPolicy, Pace } from './policy.ts'

const SHAPES =
  'a policy: { name, maxDelayMs, take(view) } or { name, maxDelayMs, create(reader) }, for instance adaptive()'

/** `policy`, if it has one of the two shapes: a wrong one would otherwise show as a reader that waits for ever. */
export function requirePolicy(name: string, policy: ChunkingPolicy): ChunkingPolicy {
  if (typeof policy !== 'object' || policy === null || !hasOneShape(policy)) throw invalidOption(name, policy, SHAPES)
  requireNumber(`${name}.maxDelayMs`, policy.maxDelayMs, 0, 60_000)
  if (policy.pace !== undefined && typeof policy.pace !== 'function') requirePace(`${name}.pace`, policy.pace)
  return policy
}

/** `pace`, if it lets something through, and has an end. */
export function requirePace(name: string, pace: Pace): Pace {
  if (typeof pace !== 'object' || pace === null) throw invalidOption(name, pace, '{ tokensPerSecond, burstTokens }')
  requireNumber(`${name}.tokensPerSecond`, pace.tokensPerSecond, 0.001, 1_000_000)
  requireInteger(`${name}.burstTokens`, pace.burstTokens, 1, 1_000_000)
  return pace
}

function hasOneShape({ take, create }: { take?: unknown; create?: unknown }): boolean {
  return (typeof take === 'function' && create === undefined) || (typeof create === 'function' && take === undefined)
}
