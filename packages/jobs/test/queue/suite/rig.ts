import type { MaybePromise } from '@sluice/core/extend'
import { until } from '@sluice/testing/patience'
import { onTestFinished } from 'vitest'

import type { ClaimedJob, JobQueue, QueueWorker, QueueWorkOptions } from '../../../src/index.ts'

/** A queue as the suite uses it. */
export interface OpenedQueue {
  readonly queue: JobQueue
  /** Lets so much time pass for the queue: virtual time, or at least so much of the time there is. */
  passMs(ms: number): Promise<void>
  /** Another one on the same jobs, as another process has it. */
  readonly second?: (() => MaybePromise<JobQueue>) | undefined
  /** Called when the test is over. Workers are stopped and queues closed by then. */
  readonly close?: (() => MaybePromise<unknown>) | undefined
}

/** How a queue is tested. */
export interface JobQueueDriver {
  /** Gives a queue with no jobs. */
  open(): MaybePromise<OpenedQueue>
  readonly time: 'virtual' | 'real'
  /** Of the workers in these tests: as short as the queue can. */
  readonly leaseMs: number
  readonly checkMs: number
}

/** What is said of a job that a test submits. */
export interface Submitted {
  readonly scope?: string
  readonly delayMs?: number
  readonly priority?: number
  /** The queue is told of it. Default: it is. */
  readonly offered?: boolean
}

/** A worker of a test: jobs run until the test ends them. */
export class TestWorker {
  /** Ids, in the order in which they began. */
  readonly begun: string[] = []
  readonly running: Map<string, ClaimedJob> = new Map()
  readonly errors: unknown[] = []
  /** The most that had a place at the same time. */
  most = 0
  readonly worker: QueueWorker
  readonly queue: JobQueue
  /** What ends the runs of a job: a machine that stood still for a lease's time brings it again, while it runs here. */
  readonly #ends: Map<string, (() => void)[]> = new Map()
  #isStopping = false
  readonly #runsThrough: boolean

  constructor(
    queue: JobQueue,
    options: Partial<QueueWorkOptions> & Pick<QueueWorkOptions, 'leaseMs' | 'checkMs'>,
    runsThrough: boolean,
  ) {
    this.queue = queue
    this.#runsThrough = runsThrough
    const onError = (error: unknown): void => void this.errors.push(error)
    this.worker = queue.work({ concurrency: 10, perOwner: 100, onError, run: (job) => this.#run(job), ...options })
  }

  /** What becomes of a job that was done: nothing waits for it any more, and its place is free. */
  async finish(id: string): Promise<void> {
    await this.#write(id, 'ended')
    this.leave(id)
  }

  /** The job is done another time. */
  async giveBack(id: string, delayMs: number): Promise<void> {
    await this.#write(id, 'queued', delayMs)
    await this.queue.offer({ id, attempt: 1, delayMs, priority: 0 })
    this.leave(id)
  }

  /** The run is over, whatever its document says. */
  leave(id: string): void {
    this.running.delete(id)
    for (const end of this.#ends.get(id) ?? []) end()
    this.#ends.delete(id)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    const stopped = this.worker.stop()
    for (const id of [...this.running.keys()]) this.leave(id)
    await stopped
  }

  async #run(job: ClaimedJob): Promise<void> {
    this.begun.push(job.id)
    this.running.set(job.id, job)
    this.most = Math.max(this.most, this.running.size)
    if (this.#runsThrough) return this.finish(job.id)
    // It was on its way here.
    if (this.#isStopping) return
    await new Promise<void>((resolve) => void this.#ends.set(job.id, [...(this.#ends.get(job.id) ?? []), resolve]))
  }

  async #write(id: string, state: string, dueInMs?: number): Promise<void> {
    const { documents } = this.queue
    for (;;) {
      const found = await documents.read({ kind: 'job', id })
      if (!found) return
      const { kind, version, value, scope } = found
      const place = { scope, state }
      if ((await documents.write([{ kind, id, after: version, value, place, dueInMs }])).is === 'ok') return
    }
  }
}

/** A queue, and what tests do with it. */
export class QueueRig {
  readonly queue: JobQueue
  readonly driver: JobQueueDriver
  readonly #opened: OpenedQueue
  readonly #workers: TestWorker[] = []
  readonly #queues: JobQueue[]

  constructor(driver: JobQueueDriver, opened: OpenedQueue) {
    this.driver = driver
    this.#opened = opened
    this.queue = opened.queue
    this.#queues = [opened.queue]
  }

  passMs(ms: number): Promise<void> {
    return this.#opened.passMs(ms)
  }

  /** As long as it takes until jobs of a worker that is gone are found, twice. */
  passLong(): Promise<void> {
    const { leaseMs, checkMs } = this.driver
    return this.passMs(2 * (leaseMs + checkMs))
  }

  /** The queue as another process has it, where there can be one. */
  async second(): Promise<JobQueue> {
    const queue = (await this.#opened.second?.()) ?? this.queue
    this.#queues.push(queue)
    return queue
  }

  worker(options: Partial<QueueWorkOptions> & { queue?: JobQueue; runsThrough?: boolean } = {}): TestWorker {
    const { queue = this.queue, runsThrough = false, ...given } = options
    const { leaseMs, checkMs } = this.driver
    const worker = new TestWorker(queue, { leaseMs, checkMs, ...given }, runsThrough)
    this.#workers.push(worker)
    return worker
  }

  async submit(id: string, { scope = 's', delayMs = 0, priority = 0, offered = true }: Submitted = {}): Promise<void> {
    const place = { scope, state: 'queued', priority }
    const { is } = await this.queue.documents.write([
      { kind: 'job', id, after: 0, value: { id }, place, dueInMs: delayMs },
    ])
    if (is !== 'ok') throw new Error(`${id} was to be submitted, and the store says: ${is}`)
    if (offered) await this.queue.offer({ id, attempt: 0, delayMs, priority })
  }

  /** Waits, in the queue's time. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const isVirtual = this.driver.time === 'virtual'
    await until(async () => {
      if (isVirtual) await this.passMs(10)
      return condition()
    }, what)
  }

  async state(id: string): Promise<string | undefined> {
    return (await this.queue.documents.read({ kind: 'job', id }))?.state
  }

  async end(): Promise<void> {
    const stops = this.#workers.map((worker) => worker.stop())
    for (let isOver = false; !isOver && this.driver.time === 'virtual';) {
      isOver = await Promise.race([Promise.all(stops).then(() => true), this.passMs(10).then(() => false)])
    }
    await Promise.all(stops)
    for (const queue of this.#queues) await queue.close()
    await this.#opened.close?.()
  }
}

/** Opens a queue for the test that calls this. */
export async function openQueue(driver: JobQueueDriver): Promise<QueueRig> {
  const rig = new QueueRig(driver, await driver.open())
  onTestFinished(() => rig.end())
  return rig
}
