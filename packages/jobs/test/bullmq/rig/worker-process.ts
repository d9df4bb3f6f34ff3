import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('worker.ts', import.meta.url))

/** What a worker in a process of its own is told. */
export interface WorkerSettings {
  readonly url: string
  readonly prefix: string
  readonly concurrency: number
  readonly perOwner: number
  readonly leaseMs: number
  readonly checkMs: number
  /** How long a job takes. */
  readonly jobMs: number
}

/** What it tells. */
export interface WorkerEvent {
  readonly is: 'ready' | 'begun' | 'done' | 'lost' | 'error'
  readonly id: string
}

/** A worker in a process of its own, that can be stopped and killed. */
export class WorkerProcess implements AsyncDisposable {
  readonly events: WorkerEvent[] = []
  /** What it does now, as far as it has told. */
  readonly running: Set<string> = new Set()
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  constructor(settings: WorkerSettings, heard: (event: WorkerEvent, worker: WorkerProcess) => void) {
    this.#child = fork(PROGRAM, [JSON.stringify(settings)], { execArgv: ['--conditions=@sluice/source'] })
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (event: WorkerEvent) => {
      this.events.push(event)
      if (event.is === 'begun') this.running.add(event.id)
      else this.running.delete(event.id)
      heard(event, this)
    })
  }

  get isReady(): boolean {
    return this.events.length > 0
  }

  /** Takes no more; resolves when the process has ended by itself. */
  async stop(): Promise<void> {
    this.#child.send('stop')
    await this.#exited
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

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill()
  }
}
