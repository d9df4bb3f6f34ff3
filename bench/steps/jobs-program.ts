import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

import { createSluice } from '@sluice/core'
import { createJobs, type JobQueue } from '@sluice/jobs'
import { bullmqQueue } from '@sluice/jobs/bullmq'
import { memoryQueue } from '@sluice/jobs/memory'
import { sqliteQueue } from '@sluice/jobs/sqlite'

import { NO_LIMITS } from '../contestants/sluice-setup.ts'
import { answerParent } from '../process/child.ts'

/** Where jobs wait: in memory where nothing is said. */
export interface JobsSetUp {
  readonly directory?: string | undefined
  readonly redis?: string | undefined
}

/** What many jobs took. */
export interface JobsTaken {
  /** CPU of this process for one job from submitting to its end, in microseconds. */
  readonly cpuUsPerJob: number
  readonly wallUsPerJob: number
  /** Growth of the heap for one job that waits, in bytes. */
  readonly heldBytesPerJob: number
}

const { directory, redis } = JSON.parse(process.argv[2]!) as JobsSetUp
const AS = { owner: 'bench' }
const AT_ONCE = 50

function open(): JobQueue {
  if (redis !== undefined) return bullmqQueue({ url: redis })
  return directory === undefined ? memoryQueue() : sqliteQueue({ directory })
}

const jobs = createJobs({
  sluice: createSluice({ limits: NO_LIMITS, stream: { retentionBytes: 131_072 } }),
  queue: open(),
  sources: { answer: () => ['Hello'] },
  job: { keepMs: 1_000 },
  limits: { queuedPerOwner: 1_000_000, queued: 1_000_000, runningPerOwner: 10_000 },
})

answerParent({
  async run({ count }: { count: number }): Promise<JobsTaken> {
    global.gc?.()
    const heldBefore = process.memoryUsage().heapUsed
    const cpuBefore = process.cpuUsage()
    const beganMs = performance.now()
    for (let from = 0; from < count; from += AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) =>
          jobs.submit('answer', { prompt: `Why is the sky blue? ${from + index}` }, { as: AS }),
        ),
      )
    const submitted = process.cpuUsage(cpuBefore)
    const submittedMs = performance.now() - beganMs
    global.gc?.()
    const heldBytes = process.memoryUsage().heapUsed - heldBefore
    const cpuThen = process.cpuUsage()
    const workedFromMs = performance.now()
    const worker = jobs.work({ concurrency: AT_ONCE })
    for (;;) {
      const { queued, running } = await jobs.counts()
      if (queued + running === 0) break
      await sleep(20)
    }
    const worked = process.cpuUsage(cpuThen)
    const workedMs = performance.now() - workedFromMs
    await worker.stop()
    const cpuUs = submitted.user + submitted.system + worked.user + worked.system
    return {
      cpuUsPerJob: cpuUs / count,
      wallUsPerJob: ((submittedMs + workedMs) * 1_000) / count,
      heldBytesPerJob: heldBytes / count,
    }
  },
})
