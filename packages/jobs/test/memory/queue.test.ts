import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import * as memory from '../../src/memory.ts'
import { jobQueueSuite } from '../queue/suite/job-queue-suite.ts'

const { DEFAULT_MEMORY_QUEUE_OPTIONS, memoryQueue } = memory

test('exports these names', () => {
  expect(Object.keys(memory).toSorted()).toEqual(['DEFAULT_MEMORY_QUEUE_OPTIONS', 'memoryQueue'])
})

jobQueueSuite('memory', {
  open() {
    const runtime = createVirtualRuntime()
    return { queue: memoryQueue({}, runtime), passMs: (ms) => runtime.advance(ms) }
  },
  time: 'virtual',
  leaseMs: 8_000,
  checkMs: 4_000,
})

test('options are checked, and have defaults', () => {
  expect(DEFAULT_MEMORY_QUEUE_OPTIONS).toEqual({ maxBytes: 268_435_456 })
  for (const options of [{ maxBytes: 1 }, { size: 1 }, 7 as unknown as object])
    expect(() => memoryQueue(options)).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }))
})

test('with nothing left to do there is no timer left', async () => {
  const runtime = createVirtualRuntime()
  const queue = memoryQueue({}, runtime)
  const worker = queue.work({
    concurrency: 1,
    perOwner: 1,
    leaseMs: 8_000,
    checkMs: 4_000,
    run: async () => {},
    onError: (error) => expect.unreachable(String(error)),
  })
  await queue.documents.write([
    { kind: 'job', id: 'a', after: 0, value: 1, place: { scope: '', state: 'queued' }, dueInMs: 0 },
  ])
  await runtime.advance(10_000)
  await worker.stop()
  await queue.close()
  expect([runtime.pendingTimers, runtime.pendingDeferred]).toEqual([0, 0])
})
