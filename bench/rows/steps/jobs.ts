import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startRedisServer } from '@sluice/testing/redis'

import { Child } from '../../process/child.ts'
import type { JobsSetUp, JobsTaken } from '../../steps/jobs-program.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const MEMORY = { name: 'memory queue' }
const DIRECTORY = { name: 'sqlite queue' }
const BULLMQ = { name: 'bullmq queue' }
const QUEUES = [MEMORY, DIRECTORY, BULLMQ]
const COUNT = 10_000
const QUICK_COUNT = 1_000

/** What a job costs beside its answer. */
export const jobsOverhead: AloneRow = {
  id: 'jobs',
  title: 'Ten thousand jobs',
  what: `${COUNT} jobs of one word each are submitted, 50 at a time, and then attempted by a worker in the same process, 50 at a time; streams are in memory. CPU of the process and time for one job, and how much the heap has grown for one that waits; what Redis holds is Redis’ own.`,
  expected:
    'A job is four writes, two claims’ worth of reading and a stream: some 200 µs in memory; as much again for SQLite’s writes and syncs; on Redis half a millisecond, most of it BullMQ and ioredis.',
  contestants: QUEUES,
  floors: QUEUES.flatMap((contestant) => [
    { what: `${contestant.name}: CPU a job`, metric: 'cpuUsPerJob', contestant, compare: 'value' as const, unit: 'µs' },
    {
      what: `${contestant.name}: time a job`,
      metric: 'wallUsPerJob',
      contestant,
      compare: 'value' as const,
      unit: 'µs',
    },
    {
      what: `${contestant.name}: held for one that waits`,
      metric: 'heldBytesPerJob',
      contestant,
      compare: 'value' as const,
      unit: 'B',
    },
  ]),
  async measureAlone({ name }, { quick }): Promise<Metrics> {
    await using closing = new AsyncDisposableStack()
    const setUp: JobsSetUp = {}
    if (name === BULLMQ.name) Object.assign(setUp, { redis: closing.use(await startRedisServer()).url })
    if (name === DIRECTORY.name) {
      const root = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
      closing.defer(() => rmSync(root, { recursive: true, force: true }))
      Object.assign(setUp, { directory: join(root, 'data') })
    }
    const child = new Child('steps/jobs-program.ts', [JSON.stringify(setUp)])
    try {
      return { ...(await child.ask<JobsTaken>('run', { count: quick ? QUICK_COUNT : COUNT })) }
    } finally {
      await child.stop()
    }
  },
}
