import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'
import { expect, onTestFinished, test } from 'vitest'

import type { ClaimedJob, DocumentStore, QueueWorkOptions } from '../../src/index.ts'
import { MemoryDocuments } from '../../src/memory/memory-documents.ts'
import { DocumentsQueue } from '../../src/queue/documents-queue.ts'
import { fill, writeOf } from '../documents/suite/rig.ts'

const LEASE_MS = 9_000
const CHECK_MS = 4_000

/** A store that stands in the way of a queue, as a test wants it. */
type Faults = Partial<Pick<DocumentStore, 'claim' | 'renew' | 'nextDueInMs' | 'watch'>>

interface Rig {
  readonly queue: DocumentsQueue
  readonly runtime: VirtualRuntime
  readonly documents: DocumentStore
  readonly begun: string[]
  readonly jobs: Map<string, ClaimedJob>
  readonly errors: unknown[]
  /** The run of a job is over. */
  readonly leave: (id: string) => void
}

function work(faults: (documents: MemoryDocuments) => Faults, options: Partial<QueueWorkOptions> = {}): Rig {
  const runtime = createVirtualRuntime()
  const documents = new MemoryDocuments({ maxBytes: 2 ** 30, runtime })
  const faulty: DocumentStore = new Proxy(documents, {
    get(target, name) {
      const value: unknown = Reflect.get(faults(documents), name) ?? Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const queue = new DocumentsQueue(faulty, runtime)
  const begun: string[] = []
  const errors: unknown[] = []
  const jobs = new Map<string, ClaimedJob>()
  const ends = new Map<string, () => void>()
  const run = (job: ClaimedJob): Promise<void> => {
    begun.push(job.id)
    jobs.set(job.id, job)
    return new Promise((resolve) => void ends.set(job.id, resolve))
  }
  const onError = (error: unknown): void => void errors.push(error)
  queue.work({ concurrency: 2, perOwner: 10, leaseMs: LEASE_MS, checkMs: CHECK_MS, run, onError, ...options })
  onTestFinished(() => queue.close())
  return { queue, runtime, documents, begun, jobs, errors, leave: (id) => ends.get(id)!() }
}

const never = new Promise<never>(() => {})

test.each([
  ['says that it cannot', () => Promise.reject(new Error('the store is away'))],
  ['does not answer', () => never],
])('a lease that is not renewed is lost before anyone else can have it: the store %s', async (_, renew) => {
  const { runtime, documents, jobs, errors } = work(() => ({ renew }), { concurrency: 1 })
  await fill(documents, writeOf('a'))
  await runtime.advance(LEASE_MS - 1)
  const { lost } = jobs.get('a')!
  expect(lost.aborted).toBe(false)
  await runtime.advance(1)
  expect(lost.aborted).toBe(true)
  const said = errors.length
  await runtime.advance(10 * LEASE_MS)
  // It is not asked for what is lost.
  expect(errors).toHaveLength(said)
})

test('a renewal that fails once or twice is nothing to the job', async () => {
  let failures = 2
  const { runtime, documents, jobs, errors } = work((store) => ({
    renew: (...args) => {
      if (failures-- > 0) throw new Error('the store is away')
      return store.renew(...args)
    },
  }))
  await fill(documents, writeOf('a'))
  await runtime.advance(5 * LEASE_MS)
  expect([jobs.get('a')!.lost.aborted, errors.length]).toEqual([false, 2])
})

test('a lease counts from when it was asked for, however late the answer is', async () => {
  const { runtime, documents, jobs } = work((store) => ({
    claim: (options) => new Promise((resolve) => void runtime.after(2_000, () => resolve(store.claim(options)))),
    renew: () => never,
  }))
  await fill(documents, writeOf('a'))
  await runtime.advance(0)
  for (let ms = 0; !jobs.has('a'); ms += 100) {
    expect(ms).toBeLessThan(10_000)
    await runtime.advance(100)
  }
  await runtime.advance(LEASE_MS - 2_000)
  expect(jobs.get('a')!.lost.aborted).toBe(true)
})

test('a lease that was renewed counts from when that was asked for', async () => {
  const asked: number[] = []
  const { runtime, documents, jobs } = work((store) => ({
    renew: (...args) => {
      asked.push(runtime.now())
      if (asked.length > 1) return never
      return new Promise((resolve) => void runtime.after(2_500, () => resolve(store.renew(...args))))
    },
  }))
  await fill(documents, writeOf('a'))
  await runtime.advance(LEASE_MS / 3)
  expect(asked).toEqual([LEASE_MS / 3])
  await runtime.advance(LEASE_MS - 1)
  expect(jobs.get('a')!.lost.aborted).toBe(false)
  await runtime.advance(1)
  expect(jobs.get('a')!.lost.aborted).toBe(true)
})

test('the next job has the place at once that another one has left, whether its run is over or not', async () => {
  const { runtime, documents, begun, jobs, leave } = work(() => ({}), { concurrency: 1 })
  await fill(documents, writeOf('a', { priority: 2 }), writeOf('b', { priority: 1 }), writeOf('c'))
  await runtime.flush()
  expect(begun).toEqual(['a'])
  jobs.get('a')!.release()
  await runtime.flush()
  expect(begun).toEqual(['a', 'b'])
  leave('b')
  await runtime.flush()
  expect(begun).toEqual(['a', 'b', 'c'])
})

test('a job that comes while the worker looks when the next one is due is taken at once', async () => {
  const answers: (() => void)[] = []
  const { runtime, documents, begun } = work((store) => ({
    nextDueInMs: (...args) => {
      const inMs = store.nextDueInMs(...args)
      return new Promise((resolve) => void answers.push(() => resolve(inMs)))
    },
  }))
  await runtime.flush()
  expect(answers).toHaveLength(1)
  await fill(documents, writeOf('a'))
  await runtime.flush()
  expect(begun).toEqual([])
  answers[0]!()
  await runtime.flush()
  expect(begun).toEqual(['a'])
})

test('a worker that is told nothing finds what is due, and in its time what is not', async () => {
  const { runtime, documents, begun } = work(() => ({ watch: () => () => {} }))
  await runtime.advance(10)
  await fill(documents, writeOf('a'), writeOf('later', { dueInMs: CHECK_MS + 123 }))
  await runtime.advance(CHECK_MS)
  expect(begun).toEqual(['a'])
  await runtime.advance(122)
  expect(begun).toEqual(['a'])
  await runtime.advance(1)
  expect(begun).toEqual(['a', 'later'])
})

test('a store that is away is asked again, and the operator told; jobs go on when it is back', async () => {
  let isAway = true
  const { runtime, documents, begun, errors } = work((store) => ({
    claim: (options) => {
      if (isAway) throw new Error('the store is away')
      return store.claim(options)
    },
  }))
  await fill(documents, writeOf('a'))
  await runtime.advance(60_000)
  expect(errors.length).toBeGreaterThan(10)
  expect(errors.length).toBeLessThan(100)
  isAway = false
  await runtime.advance(1_000)
  expect(begun).toEqual(['a'])
})

test('what an owner has more of than may run costs little until there is room for it', async () => {
  let claims = 0
  const { runtime, documents, begun, leave } = work(
    (store) => ({ claim: (options) => (claims++, store.claim(options)) }),
    { concurrency: 10, perOwner: 1 },
  )
  for (let index = 0; index < 50; index++) await fill(documents, writeOf(`d${index}`, { priority: -index }))
  await runtime.advance(1_000)
  claims = 0
  await runtime.advance(10_000)
  expect([begun, claims > 10, claims < 60]).toEqual([['d0'], true, true])
  // Another owner does not wait for that.
  await fill(documents, writeOf('other', { scope: 'other', dueInMs: 5_000 }))
  await runtime.advance(5_260)
  expect(begun).toEqual(['d0', 'other'])
  await documents.write([writeOf('d0', { after: 1, state: 'ended', dueInMs: undefined })])
  leave('d0')
  await runtime.flush()
  expect(begun).toEqual(['d0', 'other', 'd1'])
})

test('what a job says of itself while it runs is no reason to look for others', async () => {
  let claims = 0
  const { runtime, documents, begun, leave } = work((store) => ({
    claim: (options) => (claims++, store.claim(options)),
  }))
  await fill(documents, writeOf('a'))
  await runtime.advance(10)
  claims = 0
  for (let step = 1; step <= 20; step++) {
    await fill(documents, writeOf('a', { after: step, state: 'running', dueInMs: LEASE_MS, value: step }))
    await runtime.advance(1)
  }
  expect(claims).toBe(0)
  // It is over, and waits again.
  await fill(documents, writeOf('a', { after: 21 }))
  leave('a')
  await runtime.flush()
  expect(begun).toEqual(['a', 'a'])
})

test('whoever has jobs when the queue is closed has lost them, and nothing is taken any more', async () => {
  const { queue, runtime, documents, begun, jobs, errors } = work(() => ({}), { concurrency: 1 })
  await fill(documents, writeOf('a'), writeOf('b'))
  await runtime.flush()
  await queue.close()
  expect(jobs.get('a')!.lost.aborted).toBe(true)
  jobs.get('a')!.release()
  await runtime.advance(10 * LEASE_MS)
  expect([begun, errors, runtime.pendingTimers]).toEqual([['a'], [], 0])
})

test.each([
  ['rejects', () => Promise.reject(new Error('mine'))],
  [
    'throws',
    () => {
      throw new Error('mine')
    },
  ],
])('a run that breaks its word and %s is told to the operator, and its place is free', async (_, run) => {
  const { runtime, documents, errors } = work(() => ({}), { concurrency: 1, run })
  await fill(documents, writeOf('a'), writeOf('b'))
  await runtime.flush()
  expect(errors).toEqual([new Error('mine'), new Error('mine')])
})
