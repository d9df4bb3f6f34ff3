import { type EndEvent, isSluiceError } from '@sluice/core'
import { ownTimeMs } from '@sluice/testing/patience'
import type { RedisServer } from '@sluice/testing/redis'
import { Redis } from 'ioredis'

import { Keys } from '../../src/protocol/keys.ts'
import { pass } from './fast-runtime.ts'
import { ObservedLog } from './observed-log.ts'
import { Process, type ProcessOptions, type Reading } from './process.ts'
import { Speaker } from './speaker.ts'
import type { Script, Step } from './steps.ts'

const PROCESSES = ['a', 'b', 'c']
/** Longer than it takes until a lease is renewed, through a network that is broken. */
const CANCELLED_WITHIN_MS = 3_000
let worlds = 0

/** One stream, three processes, and a Redis to which things are done. */
export class World {
  readonly speaker: Speaker = new Speaker()
  readonly log: ObservedLog
  readonly readings: Reading[] = []
  /** What had been said when a cancel was acknowledged, and the end it told. */
  cancelled: { said: number; end: EndEvent | undefined } | undefined
  /** Why somebody could not read in the end, although the stream is there. */
  refused: string | undefined
  /** A source was not told of that. */
  ranOn = false
  /** Redis has lost something, or everything. */
  lossy = false
  wiped = false
  trimmed = false
  processes: Process[] = []
  id = ''
  readonly #keys: Keys
  readonly #server: RedisServer
  readonly #redis: Redis
  readonly #options: ProcessOptions
  #saved: Map<string, Buffer> | undefined

  constructor(server: RedisServer, { onDisconnect }: Script) {
    this.#server = server
    const prefix = `w${++worlds}:`
    this.#keys = new Keys(prefix)
    this.#redis = new Redis(server.url)
    this.#options = { prefix, speaker: this.speaker, onDisconnect }
    this.log = new ObservedLog(server.url)
  }

  async open(): Promise<void> {
    for (const name of PROCESSES) this.processes.push(await Process.start(name, this.#server.port, this.#options))
    const stream = await this.processes[0]!.sluice.start({ name: 'speak' }, { as: 'server' })
    this.id = stream.id
    await this.log.watch(this.#keys.channel(this.#stream))
    await this.attach(this.processes[0]!, undefined)
  }

  async do(step: Step): Promise<void> {
    const process = this.processes['at' in step ? step.at : 0]!
    switch (step.do) {
      case 'say':
        return this.speaker.say(step.count)
      case 'finish':
        return this.speaker.finish()
      case 'fail':
        return this.speaker.fail()
      case 'wait':
        await pass(step.ms)
        return
      case 'attach': {
        const { after } = step
        const earlier = typeof after === 'number' ? this.readings[after % this.readings.length] : undefined
        await this.attach(process, after === 'now' ? 'now' : earlier?.cursor)
        return
      }
      case 'detach':
        return this.readings[step.which % Math.max(1, this.readings.length)]?.detach()
      case 'cancel':
        return this.#cancel(process)
      default:
        return this.#fault(step, process)
    }
  }

  async attach(process: Process, after: string | undefined): Promise<string | undefined> {
    if (!process.alive) return 'dead'
    const read = await process.read(this.id, after)
    if (typeof read === 'string') return read
    this.readings.push(read)
    return undefined
  }

  /** Nothing is done any more. Sources finish, a dead producer is found out, and somebody reads everywhere. */
  async settle(): Promise<void> {
    for (const process of this.processes) {
      process.proxy.heal()
      process.calm()
    }
    for (const process of this.processes) {
      const refused = await this.attach(process, undefined)
      if (refused && process.alive && !this.lossy && !this.wiped) this.refused = refused
    }
  }

  /** Whoever speaks finishes. Where nobody is alive who could, the lease is over. */
  async rest(): Promise<void> {
    this.speaker.finish()
    if (!this.log.end && this.speaker.running((name) => this.isAlive(name)).length === 0) await this.#lapse()
    await this.log.settle()
  }

  isAlive(name: string): boolean {
    return this.processes.find((process) => process.name === name)!.alive
  }

  async storedEnd(): Promise<EndEvent | undefined> {
    const text = await this.#redis.hget(this.#keys.meta(this.#stream), 'end')
    return text === null ? undefined : (JSON.parse(text) as EndEvent)
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.close()))
    this.log.close()
    this.#redis.disconnect()
  }

  get #stream(): { tenant: string; id: string } {
    return { tenant: '', id: this.id }
  }

  async #cancel(process: Process): Promise<void> {
    if (!process.alive) return
    try {
      const { end } = await process.sluice.cancel({ id: this.id }, { as: 'server' })
      this.cancelled ??= { said: this.speaker.said.length, end }
      await this.#comesToRest()
    } catch (error) {
      // Not acknowledged: it may have been done, or not.
      if (!isSluiceError(error)) throw error
    }
  }

  /** Contract 8: nobody need do anything more for its source to be told, wherever it runs. */
  async #comesToRest(): Promise<void> {
    const untilMs = ownTimeMs() + CANCELLED_WITHIN_MS
    while (!this.lossy && this.speaker.running((name) => this.isAlive(name)).length > 0) {
      if (ownTimeMs() > untilMs) this.ranOn = true
      if (this.ranOn) return
      await pass(5)
    }
  }

  async #fault(step: Step, process: Process): Promise<void> {
    const [meta, log] = [this.#keys.meta(this.#stream), this.#keys.log(this.#stream)]
    if (step.do === 'drop' || step.do === 'swallow') {
      process.calm()
      if (step.do === 'drop') process.proxy.cut({ how: 'rst' })
      else void process.proxy.swallowOne({ thenCut: 'rst' })
    } else if (step.do === 'pause') {
      process.disturb()
      process.proxy.pause()
      void pass(step.ms).then(() => {
        process.proxy.resume()
        process.calm()
      })
    } else if (step.do === 'crash') {
      if (this.processes.filter(({ alive }) => alive).length > 1) process.crash()
    } else if (step.do === 'lapse') await this.#lapse()
    else if (step.do === 'trim') {
      this.trimmed = true
      await this.#redis.xtrim(log, 'MAXLEN', 1)
    } else if (step.do === 'wipe') {
      this.wiped = true
      await this.#redis.del(meta, log)
    } else if (step.do === 'save') this.#saved = await this.#dump([meta, log])
    else if (step.do === 'restore') await this.#restore([meta, log])
  }

  async #lapse(): Promise<void> {
    const meta = this.#keys.meta(this.#stream)
    if (await this.#redis.exists(meta)) await this.#redis.hset(meta, 'lease', '0')
  }

  async #dump(keys: readonly string[]): Promise<Map<string, Buffer>> {
    const dumps = await Promise.all(keys.map((key) => this.#redis.dumpBuffer(key)))
    return new Map(keys.flatMap((key, index) => (dumps[index] ? [[key, dumps[index]] as const] : [])))
  }

  /** As after a failover to a replica that was behind: the stream is what it was when it was saved. */
  async #restore(keys: readonly string[]): Promise<void> {
    if (!this.#saved?.has(keys[0]!) || this.wiped) return
    this.lossy = true
    const multi = this.#redis.multi()
    for (const key of keys) {
      const dump = this.#saved.get(key)
      if (dump) multi.restore(key, 600_000, dump, 'REPLACE')
      else multi.del(key)
    }
    await multi.exec()
  }
}
