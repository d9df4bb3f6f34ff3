import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type {
  FromProducer,
  ProducerOptions,
  ProducerReport,
  ReadingReport,
  Request,
  ToProducer,
} from '../../producer-messages.ts'
import type { Counting } from './counting-source.ts'
import type { Starting } from './instance.ts'
import { Watched } from './watched.ts'

const PROGRAM = fileURLToPath(new URL('../../producer.ts', import.meta.url))

/** An instance in a process of its own, that can be stopped and killed. */
export class ProducerProcess extends Watched implements AsyncDisposable {
  report: ProducerReport = { runs: [], aborted: [], settled: [], readings: [] }
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown[]>
  readonly #calls: Map<number, PromiseWithResolvers<unknown>> = new Map()
  #count = 0
  #stderr = ''

  constructor(options: ProducerOptions) {
    super()
    this.#child = fork(PROGRAM, [JSON.stringify(options)], {
      execArgv: ['--conditions=@sluice/source'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (message: FromProducer) => this.#heard(message))
    void this.#exited.then(() => {
      for (const call of this.#calls.values()) call.reject(new Error(`The process has ended: ${this.#stderr}`))
      this.#calls.clear()
      this.changed()
    })
  }

  /** Resolves once it runs and has found Redis. */
  async ready(): Promise<void> {
    await this.#ask({ do: 'ready' })
  }

  /** Starts a stream whose source every instance knows by name; gives its id. */
  async count(input: Counting, options?: Starting): Promise<string> {
    return String(await this.#ask({ do: 'count', input, options, named: true }))
  }

  /** Starts a stream whose source only that process has. */
  async countAlone(input: Counting, options?: Starting): Promise<string> {
    return String(await this.#ask({ do: 'count', input, options, named: false }))
  }

  /** Reads there; gives the number of the reading in its reports. */
  async read(id: string, where: { after?: string; from?: number } = {}): Promise<number> {
    return Number(await this.#ask({ do: 'read', id, ...where }))
  }

  async leave(reading: number): Promise<void> {
    await this.#ask({ do: 'leave', reading })
  }

  async cancel(id: string): Promise<void> {
    await this.#ask({ do: 'cancel', id })
  }

  /** Resolves when its event loop, blocked so long, goes on. */
  async block(ms: number): Promise<void> {
    await this.#ask({ do: 'block', ms })
  }

  /** Resolves with a reading there once `holds` of it. */
  reading(number: number, holds: (report: ReadingReport) => boolean, withinMs?: number): Promise<ReadingReport> {
    const look = (): ReadingReport | undefined => {
      const report = this.report.readings[number]
      return report && holds(report) ? report : undefined
    }
    return this.until(`reading ${number} of another process`, look, withinMs)
  }

  /** SIGSTOP. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  /** SIGCONT. */
  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Disposes of the instance; resolves when the process has ended by itself, as one does that holds nothing any more. */
  async leaveAll(): Promise<void> {
    await this.#ask({ do: 'dispose' })
    await this.until('the process ended', () => this.#child.exitCode === 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill()
  }

  override toString(): string {
    return JSON.stringify(this.report).slice(0, 2_000) + this.#stderr
  }

  #ask(request: Request): Promise<unknown> {
    const call = this.#count++
    const answer = Promise.withResolvers<unknown>()
    this.#calls.set(call, answer)
    this.#child.send({ call, request } satisfies ToProducer)
    return answer.promise
  }

  #heard(message: FromProducer): void {
    if ('report' in message) {
      this.report = message.report
      return this.changed()
    }
    const call = this.#calls.get(message.answered)
    this.#calls.delete(message.answered)
    const { error } = message
    if (error) call?.reject(Object.assign(new Error(error.message), { code: error.code }))
    else call?.resolve(message.value)
  }
}
