import { createSluice } from '@sluice/core'
import { createJobs, type JobSource } from '@sluice/jobs'
import { createWebhooks, verifyWebhook } from '@sluice/jobs/webhooks'
import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { memoryQueue } from '../../src/memory.ts'
import { startReceiver } from './rig/receiver.ts'
import { ADA, BOB } from './rig/webhooks-rig.ts'

const answer: JobSource = async function* ({ input }) {
  if (input === 'fail') throw new Error('inside')
  yield `You said ${String(input)}.`
}

test('the end of a job is told to the webhooks of its owner, thin or full', async () => {
  await using receiver = await startReceiver()
  const queue = memoryQueue()
  const webhooks = createWebhooks({
    documents: queue.documents,
    addresses: { dangerouslyAllowHttp: true, dangerouslyAllowPrivate: true, ports: [receiver.port] },
  })
  const sluice = createSluice()
  const jobs = createJobs({ sluice, queue, sources: { answer }, job: { attempts: 1 }, outbox: webhooks.jobOutbox })
  const { secret } = await webhooks.endpoints.create(
    { url: receiver.url, events: ['job.*'], payload: 'full' },
    { as: ADA },
  )
  await webhooks.endpoints.create({ url: `${receiver.url}-thin`, events: ['job.failed'] }, { as: ADA })
  await webhooks.endpoints.create({ url: `${receiver.url}-bob`, events: ['*'] }, { as: BOB })
  const [workers, sender] = [jobs.work(), webhooks.work()]
  const good = await jobs.submit('answer', 'hello', { as: ADA, meta: { chat: 'c1' } })
  const bad = await jobs.submit('answer', 'fail', { as: ADA })
  const waiting = await jobs.submit('answer', 'later', { as: ADA, delayMs: 60_000 })
  await jobs.cancel(waiting.id, { as: ADA })
  await until(() => receiver.got.length === 4, 'all ends are told')
  await Promise.all([workers.stop(), sender.stop()])
  await queue.close()

  interface Told {
    readonly type: string
    readonly data: { readonly id: string; readonly sequence: number; readonly end?: object; readonly meta?: object }
  }
  const told = receiver.got.map(({ path, body, headers }) => {
    if (path === '/hook') verifyWebhook({ body, headers, secret })
    return { path, ...(JSON.parse(body) as Told) }
  })
  const full = (id: string): unknown => told.find(({ path, data }) => path === '/hook' && data.id === id)
  expect(full(good.id)).toMatchObject({
    type: 'job.succeeded',
    data: { state: 'succeeded', source: 'answer', attempt: 1, meta: { chat: 'c1' }, end: { complete: true } },
  })
  expect(full(bad.id)).toMatchObject({ type: 'job.failed', data: { error: { code: 'SLUICE_ERR_SOURCE' } } })
  expect(full(waiting.id)).toMatchObject({ type: 'job.cancelled', data: { attempt: 0 } })
  const thin = told.find(({ path }) => path === '/hook-thin')!
  expect(thin).toMatchObject({ type: 'job.failed', data: { id: bad.id, state: 'failed', attempt: 1 } })
  expect(thin.data).not.toHaveProperty('end')
  for (const { path, data } of told) {
    expect(path).not.toContain('bob')
    expect(data.sequence).toBeGreaterThan(1)
    expect(JSON.stringify(data)).not.toContain('ada')
  }
})
