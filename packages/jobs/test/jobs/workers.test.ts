import { describe, expect, test } from 'vitest'

import { ADA, createJobsRig } from './rig/jobs-rig.ts'

describe('a worker', () => {
  test('whose sluice drains gives its jobs back, and they have lost no attempt', async () => {
    const { jobs, attempts, pass, submit, sluice } = createJobsRig({ job: { attempts: 1 } })
    const { id } = await submit()
    const worker = jobs.work()
    await pass()
    void worker.stop()
    void sluice.drain({ withinMs: 10 })
    await pass(20)
    expect(attempts[0]!.context.signal.aborted).toBe(true)
    expect(await jobs.info(id, { as: ADA })).toMatchObject({ state: 'queued', attempt: 0 })
  })

  test('that stops takes no more, and lets what it has end', async () => {
    const { jobs, attempts, pass, submit } = createJobsRig()
    await submit()
    const worker = jobs.work()
    await pass()
    let isStopped = false
    const stopping = worker.stop().then(() => (isStopped = true))
    await submit()
    await pass(100)
    expect([attempts.length, isStopped]).toEqual([1, false])
    attempts[0]!.finish()
    await pass(100)
    await stopping
    expect(attempts).toHaveLength(1)
  })
})
