import type { EndEvent } from '@sluice/core'
import { cutEnd, type Logged, type StoredStream } from '@sluice/core/extend'
import { createVirtualRuntime, drainMicrotasks } from '@sluice/testing'

import { closeStream } from '../../src/commands/close-stream.ts'
import { readRecord } from '../../src/commands/read-record.ts'
import { ProducedStream } from '../../src/producing/produced-stream.ts'
import { Replica } from '../../src/replica/replica.ts'
import { type Script, SCRIPTS } from '../../src/protocol/scripts.ts'
import type { StoreContext } from '../../src/context/store-context.ts'
import { FACTS, KEEPING } from './scripted-log.ts'
import type { ScriptedRecord } from './scripted-record.ts'
import { createContext, type Run } from './scripted-context.ts'

const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }
/** Longer than an outbox waits until it tries again. */
const AGAIN_MS = 600

interface Request {
  readonly script: Script
  readonly args: readonly unknown[]
  settle(answer: Promise<unknown>): void
}

/** One process: the real outbox and producer, and requests that the search answers, or does not. */
export class Instance {
  readonly runtime = createVirtualRuntime()
  readonly requests: Request[] = []
  /** Given up by this process, but on their way. */
  readonly ghosts: Request[] = []
  /** Ends that it could not store. */
  readonly unburied: EndEvent[] = []
  produced: ProducedStream | undefined
  crashed = false
  written = 0
  readonly #name: string
  readonly #store: ScriptedRecord
  readonly #context: StoreContext
  #replica: Replica | undefined
  /** True while what it asks is answered at once. */
  #immediate = false

  constructor(name: string, store: ScriptedRecord) {
    this.#name = name
    this.#store = store
    const run: Run = (script, _, args) =>
      this.#immediate || script.name === 'present'
        ? Promise.resolve(store.run(script, args))
        : new Promise((resolve) => this.requests.push({ script, args, settle: resolve }))
    this.#context = createContext(name, this.runtime, { run })
  }

  /** It has the stream from the beginning. */
  begin(stream: StoredStream): void {
    this.#produce(stream)
  }

  get over(): boolean {
    return this.crashed || !this.produced || this.produced.over
  }

  get source(): 'idle' | 'running' | 'done' {
    if (this.over) return 'idle'
    return this.produced!.stream.log.ending ? 'done' : 'running'
  }

  token(): void {
    this.#give(`${this.#name}${++this.written}`)
  }

  finish(): void {
    this.#give(STOP)
  }

  renew(): void {
    this.produced!.renew().catch(() => {})
  }

  /** It reads along from now on, without hearing anything. */
  read(): Promise<void> {
    return this.#atOnce(async () => {
      const record = await readRecord(this.#context.connection, this.#context.keys, FACTS, { afterSeq: 0 })
      if (record.is === 'stream')
        this.#replica = new Replica(this.#context, record, { lapsed: () => {}, followed: () => {}, idle: () => {} })
    })
  }

  get reads(): boolean {
    return this.#replica !== undefined
  }

  /** What a maintenance does for a stream whose lease has lapsed: takes it, if it can run the source, or ends it. */
  judge(runs: boolean): Promise<void> {
    return this.#atOnce(async () => {
      if (!runs) {
        const end = cutEnd(undefined, 'lease')
        await closeStream(this.#context, FACTS, { end, keeping: KEEPING, mode: 'ifLapsed' })
        return
      }
      const [outcome, epoch] = (await this.#context.connection.run(SCRIPTS.takeOver, [], [this.#name])) as [
        string,
        number,
      ]
      if (outcome !== 'ok') return
      if (!this.#replica || this.#replica.stream.log.lost) await this.read()
      this.#immediate = true
      await this.#replica!.catchUp()
      this.#replica!.retire()
      this.#replica!.stream.log.epoch = epoch
      this.#produce(this.#replica!.stream)
    })
  }

  /** `answered`, or the answer is lost, or the request is late: it arrives when nobody waits for it any more. */
  async carry(how: 'answered' | 'lost' | 'late'): Promise<void> {
    const request = this.requests.shift()!
    const { script, args, settle } = request
    if (how === 'late') this.ghosts.push(request)
    const answer = how === 'late' ? undefined : this.#store.run(script, args)
    if (this.crashed) return
    settle(how === 'answered' ? Promise.resolve(answer) : Promise.reject(new Error('no answer')))
    if (how === 'answered') return
    await drainMicrotasks()
    await this.runtime.advance(AGAIN_MS)
  }

  haunt(): void {
    const { script, args } = this.ghosts.shift()!
    this.#store.run(script, args)
  }

  async settle(): Promise<void> {
    await this.runtime.flush()
    await drainMicrotasks()
  }

  /** All that decides what this process can still do. */
  get state(): unknown {
    const { produced, requests, ghosts, crashed, written, unburied } = this
    const log = produced?.stream.log ?? this.#replica?.stream.log
    const held = log && [log.slice(log.firstSeq, log.lastSeq), log.epoch, log.stored, log.committed, log.end, log.lost]
    const asked = [...requests, undefined, ...ghosts].map((request) => request && [request.script.name, request.args])
    return [crashed, written, unburied, held, asked, produced !== undefined]
  }

  #give(event: Logged): void {
    this.produced!.stream.log.append(event)
  }

  #produce(stream: StoredStream): void {
    this.produced = new ProducedStream(this.#context, stream, KEEPING, (end) => this.unburied.push(end))
  }

  async #atOnce(run: () => Promise<void>): Promise<void> {
    this.#immediate = true
    await run()
    this.#immediate = false
  }
}
