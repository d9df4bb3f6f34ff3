import { adaptive, type ChunkingPolicy, immediate, type LimitOptions } from '@sluice/core'

import type { ContestantOptions } from './host.ts'

/** Nothing that a row starts is refused. */
export const NO_LIMITS: LimitOptions = {
  streamsPerOwner: 1_000_000,
  startsPerSecond: 1_000_000,
  startBurst: 1_000_000,
  streams: 1_000_000,
}

/** The policy that a contestant's options name; `undefined`: sluice's own default. */
export function chunkingOf({ policy = 'default' }: ContestantOptions): ChunkingPolicy | undefined {
  if (policy === 'immediate') return immediate()
  if (policy === 'adaptive-400') return adaptive({ maxDelayMs: 400 })
  return undefined
}
