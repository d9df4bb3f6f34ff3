import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Child } from '../process/child.ts'
import type { Memory } from '../contestants/host.ts'
import type { Contestant } from '../contestants/roster.ts'
import type { Checked, CheckInput } from './check.ts'
import type { FlowEnd, OpenInput } from './client.ts'
import type { Shape } from '../traffic/source.ts'

/** How a whole run is set up. */
export interface StageOptions {
  /** Smaller inputs: says whether it works, not how fast it is. */
  readonly quick: boolean
  /** Directory for V8 profiles of the servers. */
  readonly cpuProf?: string | undefined
}

/** What a run of streams from gate to end cost. */
export interface Finished {
  cpuUs: number
  /** Of that, what the server's main thread took: where it takes all the time there is, the server is saturated. */
  threadUs: number
  clientCpuUs: number
  wallUs: number
  bytes: number
  reads: number
}

/** What fat sources have given, and what that does to their process. */
export interface Pulled {
  bytes: number
  rss: number
  peakRss: number
}

const POLL_MS = 100
const POLLS_AT_MOST = 900

/** One repetition of one contestant: a fresh server, a fresh load process, and the steps between them. */
export class Stage {
  readonly contestant: Contestant
  readonly quick: boolean
  readonly server: Child
  readonly load: Child
  readonly directory: string = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  port = 0

  readonly #cpuProf: string | undefined

  constructor(contestant: Contestant, { quick, cpuProf }: StageOptions) {
    this.contestant = contestant
    this.quick = quick
    this.#cpuProf = cpuProf
    this.server = new Child(contestant.program, [JSON.stringify(contestant.options)], contestant.nodeOptions)
    this.load = new Child(contestant.load, [])
  }

  /** Settles when the server listens. */
  async ready(): Promise<void> {
    const { port } = await this.server.ask<{ port: number }>('listen')
    this.port = port
  }

  /** Opens `streams` streams of `shapes.main`, gate closed. */
  async open(shapes: Record<string, Shape>, streams: number, input: Partial<OpenInput> = {}): Promise<void> {
    await this.server.ask('begin', { shapes, streams })
    await this.load.ask('open', {
      port: this.port,
      streams,
      shape: 'main',
      dialect: this.contestant.dialect,
      ...input,
    } satisfies OpenInput)
  }

  /** Opens the gate and waits for the last byte; of slow readers, only where they are not left. */
  async flow({ leavesSlow = false } = {}): Promise<Finished> {
    if (this.#cpuProf === undefined) return this.#flow(leavesSlow)
    await this.server.ask('profile')
    const finished = await this.#flow(leavesSlow)
    // The warm-up's profile is overwritten by that of the round that counts.
    const name = `${this.contestant.name}-${this.server.pid}.cpuprofile`.replaceAll(' ', '-')
    await this.server.ask('profiled', { path: join(this.#cpuProf, name) })
    return finished
  }

  async #flow(leavesSlow: boolean): Promise<Finished> {
    await this.server.ask('gate')
    const startedUs = await this.load.ask<number>('now')
    const { lastUs, bytes, reads, cpuUs } = await this.load.ask<FlowEnd>('finish', { leavesSlow })
    const server = await this.server.ask<{ cpuUs: number; threadUs: number }>('cpu')
    return { ...server, clientCpuUs: cpuUs, wallUs: lastUs - startedUs, bytes, reads }
  }

  /** Throws unless every stream was answered exactly; a wrong answer has no speed. */
  async check(
    tokens: number,
    { timed = false, fat = false, slow }: { timed?: boolean; fat?: boolean; slow?: CheckInput['slow'] } = {},
  ): Promise<Checked> {
    const timesPath = timed ? join(this.directory, 'times') : undefined
    if (timesPath !== undefined) await this.server.ask('times', { path: timesPath })
    const checked = await this.load.ask<Checked>('check', { tokens, fat, timesPath, slow } satisfies CheckInput)
    if (checked.wrong > 0) {
      throw new Error(`${this.contestant.name} answered ${checked.wrong} streams wrongly: ${checked.firstWrong}`)
    }
    return checked
  }

  async forget(): Promise<void> {
    await this.load.ask('forget')
  }

  /** One round nobody looks at, so that what is measured is compiled code. */
  async warmUp(main: Shape, streams: number): Promise<void> {
    await this.open({ main }, streams)
    await this.flow()
    await this.check(main.tokens, { fat: main.fat ?? false })
    await this.forget()
  }

  /** Settles once something was pulled, and then nothing more for `quietMs`, or when `enough` says so. */
  async quiet(
    quietMs: number,
    enough: (pulled: Pulled) => boolean = () => false,
  ): Promise<Pulled & { paused: boolean }> {
    let pulled: Pulled = { bytes: 0, rss: 0, peakRss: 0 }
    let sinceMs = 0
    for (let poll = 0; poll < POLLS_AT_MOST && sinceMs < quietMs && !enough(pulled); poll++) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      const now = await this.pulled()
      sinceMs = now.bytes > 0 && now.bytes === pulled.bytes ? sinceMs + POLL_MS : 0
      pulled = now
    }
    return { ...pulled, paused: sinceMs >= quietMs }
  }

  /** What was pulled so far, and the most that its process has held. */
  async pulled(): Promise<Pulled> {
    return this.server.ask<Pulled>('pulled')
  }

  async memory(): Promise<Memory> {
    return this.server.ask<Memory>('memory')
  }

  async over(): Promise<void> {
    await Promise.all([this.server.stop(), this.load.stop()])
    rmSync(this.directory, { recursive: true, force: true })
  }
}
