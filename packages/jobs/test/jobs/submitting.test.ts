import { describe, expect, test } from 'vitest'

import { ADA, createJobsRig, EVE } from './rig/jobs-rig.ts'

describe('submitting', () => {
  test('with the same idempotency key gives the same job; with another input it is refused', async () => {
    const { jobs, submit } = createJobsRig()
    const first = await submit({ idempotencyKey: 'k' })
    expect((await submit({ idempotencyKey: 'k' })).id).toBe(first.id)
    expect((await jobs.submit('told', { topic: 'locks' }, { as: EVE, idempotencyKey: 'k' })).id).not.toBe(first.id)
    await expect(jobs.submit('told', { topic: 'keys' }, { as: ADA, idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'SLUICE_ERR_IDEMPOTENCY_MISMATCH',
    })
  })

  test('at the same time with the same key gives one job', async () => {
    const { jobs, submit } = createJobsRig()
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await submit({ idempotencyKey: 'k' })).id))
    expect(new Set(ids).size).toBe(1)
    expect((await jobs.list({ as: ADA })).jobs).toHaveLength(1)
  })

  test('more than may wait is refused: to an owner as its own, to all as everybody’s; a repeat is answered', async () => {
    const { jobs, submit } = createJobsRig({ limits: { queuedPerOwner: 2, queued: 3 } })
    const { id } = await submit({ idempotencyKey: 'k' })
    await submit()
    await expect(submit()).rejects.toMatchObject({
      code: 'SLUICE_ERR_QUEUE_FULL',
      status: 429,
      retryAfterMs: expect.any(Number),
    })
    expect((await submit({ idempotencyKey: 'k' })).id).toBe(id)
    await jobs.submit('told', null, { as: EVE })
    await expect(jobs.submit('told', null, { as: { owner: 'bob' } })).rejects.toMatchObject({ status: 503 })
  })

  test('says when there will be room by how fast the workers are', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig({ limits: { queuedPerOwner: 1, runningPerOwner: 1 } })
    jobs.work({ concurrency: 1 })
    for (let index = 0; index < 5; index++) {
      await submit()
      await pass()
      await pass(2_000)
      attempts.at(-1)!.finish()
      await pass()
    }
    await submit()
    await pass()
    await submit()
    const { retryAfterMs } = (await submit().catch((error: unknown) => error)) as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(1_500)
    expect(retryAfterMs).toBeLessThan(2_500)
  })

  test('an unknown source, or an input that is no JSON or too large, is refused in words', async () => {
    const { jobs } = createJobsRig({ limits: { inputBytes: 10 } })
    await expect(jobs.submit('nobody', null, { as: ADA })).rejects.toMatchObject({
      code: 'SLUICE_ERR_REQUEST',
      message: expect.stringContaining('told'),
    })
    await expect(jobs.submit('told', 'x'.repeat(10), { as: ADA })).rejects.toMatchObject({
      code: 'SLUICE_ERR_TOO_LARGE',
    })
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    await expect(jobs.submit('told', cycle as never, { as: ADA })).rejects.toMatchObject({ code: 'SLUICE_ERR_OPTION' })
  })

  test('no more jobs of one owner run at a time than may', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig({ limits: { runningPerOwner: 2 } })
    jobs.work({ concurrency: 10 })
    for (let index = 0; index < 4; index++) await submit()
    await jobs.submit('told', null, { as: EVE })
    await pass(10)
    expect(attempts).toHaveLength(3)
    // Those that came at the same time begin in any order.
    attempts.find(({ context }) => context.job.as !== 'server' && context.job.as.owner === ADA.owner)!.finish()
    await pass(5_000)
    expect(attempts).toHaveLength(4)
  })
})
