import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { RedisServer } from '@sluice/testing/redis'

import { Child } from '../process/child.ts'
import type { Percentiles } from '../traffic/percentiles.ts'
import type { Shape } from '../traffic/source.ts'
import type { StageOptions } from '../load/stage.ts'
import type { AttachInput, Checked } from './program.ts'
import type { StoreContestant } from './roster.ts'

/** What a run of streams from gate to end cost. */
export interface Flowed {
  /** CPU of the producing process, user and system. */
  cpuUs: number
  redisCpuUs: number
  wallUs: number
}

/** One repetition of one contestant: a Redis, a process that produces, and one that reads what the other produces. */
export class StoreStage {
  readonly contestant: StoreContestant
  readonly quick: boolean
  readonly redis: RedisServer
  readonly producer: Child
  readonly reader: Child
  readonly #directory: string = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  readonly #cpuProf: string | undefined

  constructor(contestant: StoreContestant, redis: RedisServer, { quick, cpuProf }: StageOptions) {
    this.contestant = contestant
    this.redis = redis
    this.quick = quick
    this.#cpuProf = cpuProf
    const args = [JSON.stringify({ store: contestant.store, url: redis.url })]
    this.producer = new Child('stores/program.ts', args)
    this.reader = new Child('stores/program.ts', args)
  }

  /** Settles when both processes have the store. What other contestants left in it is gone. */
  async ready(): Promise<void> {
    await this.redis.command('FLUSHALL')
    await Promise.all([this.producer.ask('ready'), this.reader.ask('ready')])
  }

  /** Starts `streams` streams of `shapes.main`, gate closed, read where they are produced and by the contestant's others. */
  async open(shapes: Record<string, Shape>, streams: number, { timed = false } = {}): Promise<readonly string[]> {
    await this.producer.ask('begin', { shapes, streams })
    await this.reader.ask('begin', { shapes, streams })
    const ids = await this.producer.ask<string[]>('start', { count: streams, timed })
    const readers = this.contestant.remoteReaders
    await this.reader.ask('attach', { ids, readers, timed } satisfies AttachInput)
    return ids
  }

  /** Opens the gate and waits until every reader has heard the end. */
  async flow(): Promise<Flowed> {
    const profiled = this.#cpuProf !== undefined
    if (profiled) await this.producer.ask('profile')
    const redisCpu = await this.redis.cpuSeconds()
    const startedUs = await this.producer.ask<number>('gate')
    const lastUs = await Promise.all([this.producer.ask<number>('finish'), this.reader.ask<number>('finish')])
    const cpuUs = await this.producer.ask<number>('cpu')
    const redisCpuUs = ((await this.redis.cpuSeconds()) - redisCpu) * 1e6
    if (profiled) {
      const name = `${this.contestant.name}-${this.producer.pid}.cpuprofile`.replaceAll(/[ ,]+/g, '-')
      await this.producer.ask('profiled', { path: join(this.#cpuProf!, name) })
    }
    return { cpuUs, redisCpuUs, wallUs: Math.max(...lastUs) - startedUs }
  }

  /** Throws unless every reader has heard exactly what was said. */
  async check(tokens: number): Promise<void> {
    for (const [where, child] of Object.entries({ producing: this.producer, reading: this.reader })) {
      const { wrong, firstWrong } = await child.ask<Checked>('check', { tokens })
      if (wrong > 0) throw new Error(`${this.contestant.name}: ${wrong} readings wrong (${where}), ${firstWrong}`)
    }
  }

  /** From each token's yield to its reading in the other process, in microseconds. */
  async delays(tokens: number): Promise<Percentiles> {
    const path = join(this.#directory, 'times')
    await this.producer.ask('times', { path })
    return this.reader.ask<Percentiles>('delays', { tokens, path })
  }

  async forget(): Promise<void> {
    await Promise.all([this.producer.ask('forget'), this.reader.ask('forget')])
  }

  /** One round nobody looks at, so that what is measured is compiled code. */
  async warmUp(main: Shape, streams: number): Promise<void> {
    await this.open({ main }, streams)
    await this.flow()
    await this.check(main.tokens)
    await this.forget()
  }

  async over(): Promise<void> {
    await Promise.all([this.producer.stop(), this.reader.stop()])
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
