import { describe, expect, test } from 'vitest'

import { describeBringing } from './bringing.ts'
import { type JobQueueDriver, openQueue } from './rig.ts'

/** The suite that every queue of jobs passes: call it in a Vitest file. */
export function jobQueueSuite(name: string, driver: JobQueueDriver): void {
  describe(`the queue ${name}`, () => {
    describeBringing(driver)
    describeSharing(driver)
    describeLeases(driver)
    describeEnding(driver)
  })
}

function describeSharing(driver: JobQueueDriver): void {
  test('no more run at a time than may; one that is released has made its place free, though its run goes on', async () => {
    const rig = await openQueue(driver)
    for (let index = 0; index < 5; index++) await rig.submit(`d${index}`)
    const worker = rig.worker({ concurrency: 2 })
    await rig.until(() => worker.begun.length === 2, 'two run')
    await rig.passLong()
    expect(worker.begun).toHaveLength(2)
    await worker.finish(worker.begun[0]!)
    await rig.until(() => worker.begun.length === 3, 'another one runs')
    const [, second = ''] = worker.begun
    worker.running.get(second)!.release()
    worker.running.get(second)!.release()
    await rig.until(() => worker.begun.length === 4, 'one more runs')
    worker.leave(second)
    await rig.passMs(driver.checkMs / 2)
    expect(worker.begun).toHaveLength(4)
  })

  test('each job is brought to one worker, and all have some', async () => {
    const rig = await openQueue(driver)
    const workers = [rig.worker({ concurrency: 3 }), rig.worker({ concurrency: 3, queue: await rig.second() })]
    for (let index = 0; index < 30; index++) await rig.submit(`d${index}`, { scope: `s${index % 4}` })
    const begun = (): string[] => workers.flatMap((worker) => worker.begun)
    while (begun().length < 30) {
      const before = begun().length
      for (const worker of workers) for (const id of [...worker.running.keys()]) await worker.finish(id)
      await rig.until(() => begun().length > before, 'more have begun')
    }
    await rig.passLong()
    expect(new Set(begun()).size).toBe(30)
    expect(begun()).toHaveLength(30)
    for (const { most, begun: some } of workers) {
      expect(most).toBeLessThanOrEqual(3)
      expect(some.length).toBeGreaterThan(0)
    }
  })

  test('of one owner no more run at a time than may, by all workers together, and others do not wait behind', async () => {
    const rig = await openQueue(driver)
    for (let index = 0; index < 60; index++) await rig.submit(`o${index}`, { scope: 'one' })
    await rig.submit('p', { scope: 'other' })
    const options = { concurrency: 4, perOwner: 2 }
    const workers = [rig.worker(options), rig.worker({ ...options, queue: await rig.second() })]
    const running = (): string[] => workers.flatMap((worker) => [...worker.running.keys()])
    await rig.until(() => running().includes('p') && running().length === 3, 'three run, of both')
    await rig.passLong()
    expect(running()).toHaveLength(3)
    for (let count = 4; count < 8; count++) {
      const worker = workers.find(({ running: each }) => [...each.keys()].some((id) => id !== 'p'))!
      await worker.finish([...worker.running.keys()].find((id) => id !== 'p')!)
      await rig.until(() => running().length === 3, 'the next one runs')
      expect(workers.flatMap(({ begun }) => begun)).toHaveLength(count)
    }
  })
}

function describeLeases(driver: JobQueueDriver): void {
  test('a job that takes longer than its lease stays with its worker', async () => {
    const rig = await openQueue(driver)
    const workers = [rig.worker(), rig.worker({ queue: await rig.second() })]
    await rig.submit('a')
    await rig.until(() => workers.some(({ running }) => running.has('a')), 'a runs')
    await rig.passLong()
    await rig.passLong()
    const [job] = workers.flatMap(({ running }) => [...running.values()])
    expect([workers.flatMap(({ begun }) => begun), job!.lost.aborted]).toEqual([['a'], false])
  })

  test('a job whose worker is gone is brought to another one, once its lease is over', async () => {
    const rig = await openQueue(driver)
    const { leaseMs, checkMs } = driver
    await rig.submit('a')
    const claim = { kind: 'job', from: ['queued'], to: 'running', leaseMs, limit: 1 }
    expect(await rig.queue.documents.claim(claim)).toHaveLength(1)
    const worker = rig.worker()
    if (driver.time === 'virtual') {
      await rig.passMs(leaseMs - 1)
      expect(worker.begun).toEqual([])
      await rig.passMs(checkMs + 1)
    } else await rig.until(() => worker.begun.length > 0, 'it is found')
    expect(worker.begun).toEqual(['a'])
    expect(await rig.queue.documents.read({ kind: 'job', id: 'a' })).toMatchObject({ lease: 2 })
  })

  test('whoever has lost its lease is told: the job was ended by others', async () => {
    const rig = await openQueue(driver)
    const worker = rig.worker()
    await rig.submit('a')
    await rig.until(() => worker.running.has('a'), 'a runs')
    const { lost } = worker.running.get('a')!
    const place = { scope: 's', state: 'ended' }
    await rig.queue.documents.write([{ kind: 'job', id: 'a', after: 1, value: null, place }])
    await rig.until(() => lost.aborted, 'it is told')
    await rig.passLong()
    expect([worker.begun, await rig.state('a')]).toEqual([['a'], 'ended'])
  })
}

function describeEnding(driver: JobQueueDriver): void {
  test('a worker that is stopped takes no more, and is over when its jobs are', async () => {
    const rig = await openQueue(driver)
    const worker = rig.worker({ concurrency: 1 })
    await rig.submit('a')
    await rig.submit('b')
    await rig.until(() => worker.running.has('a'), 'a runs')
    let isOver = false
    const stopped = worker.worker.stop().then(() => (isOver = true))
    await rig.passLong()
    // Its lease is renewed until then.
    expect([isOver, worker.running.get('a')!.lost.aborted, await rig.state('b')]).toEqual([false, false, 'queued'])
    await worker.finish('a')
    await rig.until(() => isOver, 'it has stopped')
    await stopped
    await worker.worker.stop()
    await rig.submit('c')
    await rig.passLong()
    expect(worker.begun).toEqual(['a'])
    const other = rig.worker()
    await rig.until(() => other.begun.length === 2, 'another worker has the rest')
  })

  test.each([
    ['concurrency', 0],
    ['perOwner', 0.5],
    ['leaseMs', 0],
    ['checkMs', -1],
  ])('a worker that is not told right is not made: %s', async (name, value) => {
    const rig = await openQueue(driver)
    expect(() => rig.worker({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'SLUICE_ERR_OPTION', message: expect.stringContaining(name) as string }),
    )
  })

  test('a queue that is closed has closed its documents', async () => {
    const rig = await openQueue(driver)
    await rig.submit('a')
    await rig.queue.close()
    await rig.queue.close()
    const { documents } = rig.queue
    await expect((async () => documents.read({ kind: 'job', id: 'a' }))()).rejects.toMatchObject({
      code: 'SLUICE_ERR_STORE',
    })
  })
}
