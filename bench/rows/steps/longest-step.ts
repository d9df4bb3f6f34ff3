import { startRedisServer } from '@sluice/testing/redis'

import { Child } from '../../process/child.ts'
import type { LongestStep } from '../../steps/longest-step.ts'
import type { Phase, Population } from '../../steps/program.ts'
import { missingRedis } from '../../stores/missing-redis.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const MEMORY = { name: 'memory store' }
const REDIS = { name: 'sluice redis' }
const MIB = 1024 * 1024
const MAX_MS = 50

const POPULATION: Population = { streams: 10_000, large: 100, bodyBytes: MIB }
const QUICK: Population = { streams: 1_000, large: 10, bodyBytes: MIB }

/** What is done, in this order, and what the report calls it. */
const PHASES: readonly { phase: Phase; what: string }[] = [
  { phase: 'populate', what: 'while the streams are started' },
  { phase: 'hold', what: 'while they are held: leases, reports, heartbeats, sweeps' },
  { phase: 'resume', what: 'while the large ones are all read from their beginning' },
  { phase: 'post', what: 'at the longest body that is allowed by default' },
  { phase: 'stats', what: 'at `stats()`' },
  { phase: 'drain', what: 'at `drain()`' },
]

export const longestStep: AloneRow = {
  id: 'longest-step',
  title: 'The longest step with ten thousand streams',
  what: `${POPULATION.streams} streams with a reader each, of which ${POPULATION.large} hold 1 MiB. The longest time between two rounds of the event loop, in CPU of the thread that runs it, collections included.`,
  expected:
    'What is done to all streams goes in slices of 10 ms, and renewals are spread over their period; a collection of some hundred MiB may take as long as that.',
  contestants: [MEMORY, REDIS],
  missing: missingRedis,
  floors: [MEMORY, REDIS].flatMap((contestant) =>
    PHASES.map(({ phase, what }) => ({
      what: `longest step ${what}, ${contestant.name}`,
      metric: `${phase}Ms`,
      contestant,
      compare: 'value' as const,
      unit: 'ms',
      max: MAX_MS,
    })),
  ),
  measureAlone: ({ name }, { quick }) => measure(name === REDIS.name, quick ? QUICK : POPULATION),
}

async function measure(onRedis: boolean, population: Population): Promise<Metrics> {
  const redis = onRedis ? await startRedisServer() : undefined
  const child = new Child('steps/program.ts', [JSON.stringify({ url: redis?.url })])
  const metrics: Record<string, number> = {}
  try {
    for (const { phase } of PHASES) {
      const { ownMs, wallMs } = await child.ask<LongestStep>('run', { phase, population })
      metrics[`${phase}Ms`] = ownMs
      metrics[`${phase}WallMs`] = wallMs
    }
  } finally {
    await child.stop()
    await redis?.close()
  }
  return metrics
}
