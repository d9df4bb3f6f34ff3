import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import type { OrphanGuard } from './orphan-guard.ts'
import { findRedisServer } from './redis-binary.ts'
import { until } from './until.ts'

const MAX_LOG_CHARACTERS = 64 * 1024
const LOG_LINES_TOLD = 20

/** One run of `redis-server`, from its start to its end. It does not outlive this process. */
export class RedisProcess {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #log = ''
  #paused = false

  /** Resolves when the process runs, which is before it listens. */
  static async start(args: readonly string[], directory: string, guard: OrphanGuard): Promise<RedisProcess> {
    // A process group of its own: the children that Redis forks end with it, and a Ctrl-C is for the tests alone.
    const child = spawn(findRedisServer(), args, {
      cwd: directory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await once(child, 'spawn')
    return new RedisProcess(child, guard)
  }

  private constructor(child: ChildProcess, guard: OrphanGuard) {
    this.pid = child.pid!
    this.#child = child
    guard.hold(this.pid)
    this.#ended = once(child, 'close').then(() => guard.forget())
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-MAX_LOG_CHARACTERS)
      })
    }
  }

  get state(): 'running' | 'paused' | 'ended' {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return 'ended'
    return this.#paused ? 'paused' : 'running'
  }

  /** What it printed; the last 64 KiB. */
  get log(): string {
    return this.#log
  }

  /** The last lines it printed, to end an error message with. */
  get lastWords(): string {
    return `redis-server ${this.pid} printed:\n${this.#log.trim().split('\n').slice(-LOG_LINES_TOLD).join('\n')}`
  }

  async kill(): Promise<void> {
    // The group's id stays ours until the end is noticed, which is when `state` says so.
    if (this.state !== 'ended') process.kill(-this.pid, 'SIGKILL')
    await this.#ended
  }

  /** Resolves when the process stands still: a signal takes a moment to arrive. */
  async pause(): Promise<void> {
    this.#signal('SIGSTOP')
    this.#paused = true
    const file = `/proc/${this.pid}/stat`
    if (!existsSync(file)) return
    await until(`redis-server ${this.pid} stops`, async () => {
      // The state follows the name, which stands in parentheses and may hold anything.
      const stat = readFileSync(file, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T') || undefined
    })
  }

  resume(): void {
    this.#signal('SIGCONT')
    this.#paused = false
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.state === 'ended') throw new Error(`${signal}: ${this.lastWords}\nand has ended`)
    process.kill(-this.pid, signal)
  }
}
