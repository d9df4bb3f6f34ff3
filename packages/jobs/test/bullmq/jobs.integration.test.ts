import { createSluice } from '@sluice/core'
import { redisStore } from '@sluice/redis'
import { until } from '@sluice/testing/patience'
import { startRedisServer } from '@sluice/testing/redis'
import { expect, test } from 'vitest'

import { bullmqQueue } from '../../src/bullmq.ts'
import { createJobs, type Jobs, type JobSource } from '../../src/index.ts'

const ADA = { owner: 'ada' }

interface Instance {
  readonly jobs: Jobs
  readonly store: ReturnType<typeof redisStore>
  readonly errors: readonly unknown[]
}

/** Another process, but for the process: a sluice and a queue of its own on the same Redis. */
function instance(url: string, sources: { readonly [name: string]: JobSource }): Instance {
  const store = redisStore(url)
  const sluice = createSluice({ store })
  const errors: unknown[] = []
  const jobs = createJobs({
    sluice,
    queue: bullmqQueue({ url }),
    sources,
    job: { attempts: 3 },
    backoff: { firstMs: 100, maxMs: 200 },
    lease: { leaseMs: 2_000, checkMs: 500 },
    onError: (error) => errors.push(error),
  })
  return { jobs, store, errors }
}

test('jobs are submitted here, attempted there, cancelled from here while they wait or run, and read wherever they are', async () => {
  await using server = await startRedisServer()
  let hung = 0
  const sources: { readonly [name: string]: JobSource } = {
    async *told({ job }) {
      yield 'Hello '
      if (job.attempt === 1) throw new Error('the first time')
      yield 'again'
    },
    async *hung({ signal }) {
      hung++
      yield 'so far'
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    },
  }
  const [here, there] = [instance(server.url, sources), instance(server.url, sources)]
  try {
    const waiting = await here.jobs.submit('hung', {}, { as: ADA })
    await here.jobs.cancel(waiting.id, { as: ADA })
    there.jobs.work({ concurrency: 10 })
    const told = await Promise.all(Array.from({ length: 20 }, () => here.jobs.submit('told', {}, { as: ADA })))
    const running = await here.jobs.submit('hung', {}, { as: ADA })
    await until(async () => (await here.jobs.info(running.id, { as: ADA })).stream, 'it runs')
    await here.jobs.cancel(running.id, { as: ADA })
    for (const { id } of told) {
      await until(async () => (await here.jobs.info(id, { as: ADA })).state === 'succeeded', 'it is done')
      expect(await here.jobs.info(id, { as: ADA })).toMatchObject({ attempt: 2, status: 'ended' })
      expect(await (await here.jobs.attach(id, { as: ADA })).text()).toBe('Hello again')
    }
    for (const { id } of [waiting, running])
      expect(await there.jobs.info(id, { as: ADA })).toMatchObject({ state: 'cancelled' })
    expect(hung).toBe(1)
    expect([here.errors, there.errors]).toEqual([[], []])
    // A job is done before BullMQ is told so.
    await until(async () => {
      const keys = (await server.command('KEYS', 'sluice:{jobs}:bull:*-*')) as string[]
      return !keys.some((key) => told.some(({ id }) => key.includes(id)))
    }, 'BullMQ keeps nothing of them')
  } finally {
    for (const { jobs, store } of [here, there]) {
      await jobs.close()
      await store.dispose()
    }
  }
}, 60_000)
