import { until } from '@sluice/testing/patience'

import { bullmqQueue } from '../../../src/bullmq.ts'
import type { JobQueue } from '../../../src/index.ts'
import { writeOf } from '../../documents/suite/rig.ts'
import { type WorkerEvent, WorkerProcess, type WorkerSettings } from './worker-process.ts'

/** Several workers in processes of their own, and what becomes of the jobs that they are given. */
export class Fleet implements AsyncDisposable {
  readonly queue: JobQueue
  readonly workers: WorkerProcess[] = []
  readonly submitted: string[] = []
  /** Jobs that two have done at the same time. */
  readonly atOnce: string[] = []
  /** Who has begun which job when, by this process's clock. */
  readonly begun: { readonly id: string; readonly atMs: number; readonly worker: WorkerProcess }[] = []
  readonly #settings: WorkerSettings
  /** Stopped or killed: what they have does not count. */
  readonly #gone: Set<WorkerProcess> = new Set()

  constructor(settings: WorkerSettings) {
    this.#settings = settings
    this.queue = bullmqQueue({ url: settings.url, prefix: settings.prefix, onWarning: () => {} })
  }

  async start(count: number): Promise<void> {
    const made = Array.from(
      { length: count },
      () => new WorkerProcess(this.#settings, (...told) => this.#heard(...told)),
    )
    this.workers.push(...made)
    await until(() => made.every(({ isReady }) => isReady), 'the workers are there', 60_000)
  }

  async submit(count: number, scopes = 3): Promise<void> {
    for (let index = 0; index < count; index++) {
      const id = `d${this.submitted.length}`
      this.submitted.push(id)
      await this.queue.documents.write([writeOf(id, { value: 0, scope: `s${index % scopes}` })])
      await this.queue.offer({ id, attempt: 0, delayMs: 0, priority: 0 })
    }
  }

  /** What it does now does not count any more. */
  ignore(worker: WorkerProcess): void {
    this.#gone.add(worker)
  }

  async allDone(withinMs: number): Promise<void> {
    const { documents } = this.queue
    const isDone = async (): Promise<boolean> =>
      (await documents.count('job', { state: 'ended' })) === this.submitted.length
    await until(isDone, () => `all are done: ${JSON.stringify(this.#counts())}`, withinMs)
  }

  /** How often each job says that it was done. */
  async timesDone(): Promise<Set<unknown>> {
    const found = await Promise.all(this.submitted.map(async (id) => this.queue.documents.read({ kind: 'job', id })))
    return new Set(found.map((document) => document?.value))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker[Symbol.asyncDispose]()))
    await this.queue.close()
  }

  #heard({ is, id }: WorkerEvent, worker: WorkerProcess): void {
    if (is !== 'begun') return
    const others = this.workers.filter((other) => other !== worker && !this.#gone.has(other))
    if (others.some(({ running }) => running.has(id))) this.atOnce.push(id)
    this.begun.push({ id, atMs: performance.now(), worker })
  }

  #counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { events } of this.workers) for (const { is } of events) counts[is] = (counts[is] ?? 0) + 1
    return counts
  }
}
