import { expect, test } from 'vitest'

import { type JobQueueDriver, openQueue } from './rig.ts'

export function describeBringing(driver: JobQueueDriver): void {
  test('a job is brought to a worker, which has its lease, and to no other once it is done', async () => {
    const rig = await openQueue(driver)
    const worker = rig.worker()
    await rig.submit('a')
    await rig.until(() => worker.running.has('a'), 'a runs')
    expect(await rig.queue.documents.read({ kind: 'job', id: 'a' })).toMatchObject({ state: 'running', lease: 1 })
    expect(worker.running.get('a')!.lost.aborted).toBe(false)
    await worker.finish('a')
    await rig.passLong()
    expect([worker.begun, worker.errors]).toEqual([['a'], []])
  })

  test('jobs that were there before any worker are brought, those with more priority first', async () => {
    const rig = await openQueue(driver)
    for (const [index, priority] of [0, -5, 7, 1].entries()) await rig.submit(`p${index}`, { priority })
    const worker = rig.worker({ concurrency: 1, runsThrough: true })
    await rig.until(() => worker.begun.length === 4, 'all have run')
    expect(worker.begun).toEqual(['p2', 'p3', 'p0', 'p1'])
  })

  test('of the same priority, those that have waited longer come first', async () => {
    const rig = await openQueue(driver)
    const ids = Array.from({ length: 12 }, (_, index) => `d${index}`)
    for (const id of ids) {
      await rig.submit(id)
      await rig.passMs(2)
    }
    const worker = rig.worker({ concurrency: 1, runsThrough: true })
    await rig.until(() => worker.begun.length === 12, 'all have run')
    expect(worker.begun).toEqual(ids)
  })

  test('a job is brought once, however often it is offered', async () => {
    const rig = await openQueue(driver)
    await rig.submit('a')
    const offer = { id: 'a', attempt: 0, delayMs: 0, priority: 0 }
    await rig.queue.offer(offer)
    const worker = rig.worker()
    await rig.until(() => worker.running.has('a'), 'a runs')
    await rig.queue.offer(offer)
    await rig.passLong()
    await worker.finish('a')
    await rig.queue.offer(offer)
    await rig.passLong()
    expect(worker.begun).toEqual(['a'])
  })

  test('an offer that was lost costs time only', async () => {
    const rig = await openQueue(driver)
    await rig.submit('before', { offered: false })
    const worker = rig.worker()
    await rig.until(() => worker.running.has('before'), 'what was there runs')
    await rig.submit('after', { offered: false })
    await rig.until(() => worker.running.has('after'), 'what came later runs')
  })

  test('a job that is to begin later is not brought before', async () => {
    const rig = await openQueue(driver)
    const worker = rig.worker()
    const fromMs = performance.now()
    await rig.submit('far', { delayMs: 3_600_000 })
    await rig.submit('later', { delayMs: 500 })
    if (driver.time === 'virtual') {
      await rig.passMs(499)
      expect(worker.begun).toEqual([])
      await rig.passMs(1)
    } else {
      await rig.until(() => worker.begun.length > 0, 'it runs')
      expect(performance.now() - fromMs).toBeGreaterThan(480)
    }
    expect(worker.begun).toEqual(['later'])
  })

  test('what is given back is brought again, in its time', async () => {
    const rig = await openQueue(driver)
    const worker = rig.worker()
    await rig.submit('a')
    await rig.until(() => worker.running.has('a'), 'a runs')
    await worker.giveBack('a', 100)
    await rig.until(() => worker.running.has('a'), 'a runs again')
    expect(worker.begun).toEqual(['a', 'a'])
    expect(await rig.queue.documents.read({ kind: 'job', id: 'a' })).toMatchObject({ lease: 2, state: 'running' })
  })

  test('a job that waits no more is not brought', async () => {
    const rig = await openQueue(driver)
    for (const id of ['ended', 'removed']) await rig.submit(id)
    const { documents } = rig.queue
    const place = { scope: 's', state: 'ended' }
    await documents.write([
      { kind: 'job', id: 'ended', after: 1, value: null, place },
      { kind: 'job', id: 'removed', after: 1 },
    ])
    for (const id of ['ended', 'removed', 'unknown']) await rig.queue.withdraw(id, 0)
    const worker = rig.worker()
    await rig.submit('a')
    await rig.until(() => worker.begun.length > 0, 'another one runs')
    await rig.passLong()
    expect([worker.begun, await rig.state('ended')]).toEqual([['a'], 'ended'])
  })
}
