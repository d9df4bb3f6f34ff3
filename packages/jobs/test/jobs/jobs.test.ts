import { describe, expect, test } from 'vitest'

import { memoryQueue } from '../../src/memory.ts'
import { ADA, createJobsRig, EVE } from './rig/jobs-rig.ts'

describe('a job', () => {
  test('waits for a worker, is attempted as a stream of its owner, and tells how it ended', async () => {
    const { jobs, attempts, pass, submit, sluice } = createJobsRig()
    const job = await submit({ meta: { chat: 'c1' } })
    expect(job).toMatchObject({
      state: 'queued',
      status: 'waiting',
      attempt: 0,
      stream: undefined,
      version: 1,
      meta: { chat: 'c1' },
    })
    jobs.work()
    await pass()
    const running = await jobs.info(job.id, { as: ADA })
    expect(running).toMatchObject({ state: 'running', attempt: 1, attempts: 3, stream: attempts[0]!.context.id })
    expect(attempts[0]!.context).toMatchObject({
      input: { topic: 'locks' },
      job: { id: job.id, source: 'told', attempt: 1, attempts: 3, as: { owner: 'ada', tenant: '' } },
      meta: { chat: 'c1', job: job.id, attempt: 1 },
    })
    attempts[0]!.say('Hello')
    attempts[0]!.finish()
    await pass()
    expect(await jobs.info(job.id, { as: ADA })).toMatchObject({
      state: 'succeeded',
      status: 'ended',
      end: { reason: 'stop', complete: true },
    })
    const stream = await jobs.attach(job.id, { as: ADA })
    expect([stream.id, await stream.text()]).toEqual([running.stream, 'Hello'])
    expect((await sluice.info({ id: stream.id }, { as: ADA })).status).toBe('ended')
  })

  test('is not over as soon as the stream of its attempt is: who polls until then sees how it ended', async () => {
    const queue = memoryQueue()
    const held = Promise.withResolvers<void>()
    let isOver = false
    const write = queue.documents.write.bind(queue.documents)
    queue.documents.write = async (...asked) => {
      if (isOver) await held.promise
      return write(...asked)
    }
    const { jobs, attempts, pass, submit, sluice } = createJobsRig({ queue })
    sluice.observe({ ended: () => void (isOver = true) })
    const { id } = await submit()
    jobs.work()
    await pass()
    attempts[0]!.finish()
    await pass()
    expect(await jobs.info(id, { as: ADA })).toMatchObject({ state: 'running', status: 'running', end: undefined })
    held.resolve()
    await pass()
    expect(await jobs.info(id, { as: ADA })).toMatchObject({ state: 'succeeded', status: 'ended' })
  })

  test('is read by whoever came before it began, from its beginning', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig()
    const job = await submit()
    const reading = jobs.attach(job.id, { as: ADA }).then((stream) => stream.text())
    await pass()
    jobs.work()
    await pass()
    attempts[0]!.say('all of it')
    attempts[0]!.finish()
    await pass()
    expect(await reading).toBe('all of it')
  })

  test('that failed is attempted again after a while, and keeps the last attempt’s stream', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig({ job: { attempts: 2 }, backoff: { firstMs: 1_000 } })
    const { id } = await submit()
    jobs.work()
    await pass()
    attempts[0]!.fail(new Error('secret of a database'))
    await pass()
    const between = await jobs.info(id, { as: ADA })
    expect(between).toMatchObject({
      state: 'queued',
      attempt: 1,
      stream: attempts[0]!.context.id,
      error: { code: 'SLUICE_ERR_SOURCE' },
    })
    expect(JSON.stringify(between)).not.toContain('secret')
    await pass(499)
    expect(attempts).toHaveLength(1)
    await pass(1_000)
    expect(attempts).toHaveLength(2)
    attempts[1]!.say('better')
    attempts[1]!.finish()
    await pass()
    expect(await jobs.info(id, { as: ADA })).toMatchObject({ state: 'succeeded', attempt: 2, error: undefined })
    expect(await (await jobs.attach(id, { as: ADA })).text()).toBe('better')
  })

  test('fails with the last attempt, stays as a dead letter, and can be tried again with its input', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig({ job: { attempts: 1 } })
    const { id } = await submit()
    jobs.work()
    await pass()
    attempts[0]!.fail(new Error('no'))
    await pass()
    expect(await jobs.info(id, { as: ADA })).toMatchObject({ state: 'failed', end: { reason: 'error' } })
    expect((await jobs.list({ as: ADA, state: 'failed' })).jobs.map((job) => job.id)).toEqual([id])
    expect(await jobs.retry(id, { as: ADA })).toMatchObject({ state: 'queued', attempt: 0 })
    await pass()
    expect(attempts[1]!.context).toMatchObject({ input: { topic: 'locks' }, job: { attempt: 1 } })
    attempts[1]!.finish()
    await pass()
    await expect(jobs.retry(id, { as: ADA })).rejects.toMatchObject({ code: 'SLUICE_ERR_ALREADY_ENDED' })
  })

  test('that is not retryable by what its source says fails at once', async () => {
    const { SluiceError } = await import('@sluice/core')
    const { jobs, attempts, pass, submit } = createJobsRig()
    const { id } = await submit()
    jobs.work()
    await pass()
    attempts[0]!.fail(new SluiceError('SLUICE_ERR_REQUEST', 'The model does not know that.'))
    await pass(1_000_000)
    expect([attempts.length, await jobs.info(id, { as: ADA })]).toMatchObject([
      1,
      { state: 'failed', error: { message: 'The model does not know that.' } },
    ])
  })

  test('that nobody begins in time expires', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig()
    const { id } = await submit({ waitMs: 5_000 })
    await pass(5_000)
    expect(await jobs.info(id, { as: ADA })).toMatchObject({ state: 'expired', error: { code: 'SLUICE_ERR_EXPIRED' } })
    jobs.work()
    await pass()
    expect(attempts).toEqual([])
    await expect(jobs.attach(id, { as: ADA })).rejects.toMatchObject({ code: 'SLUICE_ERR_GONE' })
  })

  test('whose source throws nothing that is an error of ours leaves nothing with the operator', async () => {
    const { jobs, attempts, pass, submit, errors } = createJobsRig()
    await submit()
    jobs.work()
    await pass()
    attempts[0]!.fail('a text')
    await pass()
    expect(errors).toEqual([])
  })
})

describe('cancelling', () => {
  test('a job that waits: it is never attempted', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig()
    const { id } = await submit()
    expect(await jobs.cancel(id, { as: ADA })).toMatchObject({ state: 'cancelled', status: 'ended' })
    jobs.work()
    await pass(100_000)
    expect(attempts).toEqual([])
    expect(await jobs.cancel(id, { as: ADA })).toMatchObject({ state: 'cancelled' })
  })

  test('one that runs: its source is told, its stream ends cancelled, and it is not attempted again', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig()
    const { id } = await submit()
    jobs.work()
    await pass()
    const reading = await jobs.attach(id, { as: ADA })
    expect(await jobs.cancel(id, { as: ADA })).toMatchObject({ state: 'cancelled' })
    expect(attempts[0]!.context.signal.aborted).toBe(true)
    expect(await reading.ended).toMatchObject({ reason: 'cancelled' })
    await pass(1_000_000)
    expect(attempts).toHaveLength(1)
  })

  test('its stream ends the job, too', async () => {
    const { jobs, attempts, pass, submit, sluice } = createJobsRig()
    const { id } = await submit()
    jobs.work()
    await pass()
    await sluice.cancel({ id: attempts[0]!.context.id }, { as: ADA })
    await pass(1_000_000)
    expect([attempts.length, await jobs.info(id, { as: ADA })]).toMatchObject([1, { state: 'cancelled' }])
  })

  test('one that has ended changes nothing', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig()
    const { id } = await submit()
    jobs.work()
    await pass()
    attempts[0]!.finish()
    await pass()
    expect(await jobs.cancel(id, { as: ADA })).toMatchObject({ state: 'succeeded' })
  })
})

describe('contract 12: a job is its owner’s', () => {
  test('to others it is not there, whatever they want', async () => {
    const { jobs, submit } = createJobsRig()
    const { id } = await submit()
    for (const as of [EVE, { owner: 'ada', tenant: 'other' }]) {
      const gone = { code: 'SLUICE_ERR_NOT_FOUND' }
      await expect(jobs.info(id, { as })).rejects.toMatchObject(gone)
      await expect(jobs.cancel(id, { as })).rejects.toMatchObject(gone)
      await expect(jobs.attach(id, { as, waitMs: 0 })).rejects.toMatchObject(gone)
      await expect(jobs.retry(id, { as })).rejects.toMatchObject(gone)
      await expect(jobs.erase(id, { as })).rejects.toMatchObject(gone)
      expect(await jobs.list({ as })).toEqual({ jobs: [], more: false })
    }
    expect(await jobs.info(id, { as: 'server' })).toMatchObject({ state: 'queued' })
  })

  test('what was erased is gone, and so is its stream', async () => {
    const { jobs, attempts, pass, submit, sluice } = createJobsRig()
    const { id } = await submit()
    jobs.work()
    await pass()
    await jobs.erase(id, { as: ADA })
    expect(attempts[0]!.context.signal.aborted).toBe(true)
    await expect(jobs.info(id, { as: ADA })).rejects.toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND' })
    await expect(sluice.info({ id: attempts[0]!.context.id }, { as: ADA })).rejects.toMatchObject({
      code: 'SLUICE_ERR_GONE',
    })
  })
})
