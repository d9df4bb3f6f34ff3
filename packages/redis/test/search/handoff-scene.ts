import { createSluice, type EndEvent, type Sluice, type Store } from '@sluice/core'
import type { Found, Log, Logged } from '@sluice/core/extend'
import { createVirtualRuntime, drainMicrotasks } from '@sluice/testing'

import { readRecord } from '../../src/commands/read-record.ts'
import type { Subscriptions, StreamListener } from '../../src/connection/subscriptions.ts'
import { Replica } from '../../src/replica/replica.ts'
import type { StoreContext } from '../../src/context/store-context.ts'
import type { Faults } from './handoff-faults.ts'
import { beginReading, type Reading } from './handoff-reading.ts'
import { FACTS, ScriptedLog } from './scripted-log.ts'
import { createContext, LOOK_EVERY_MS, type Run } from './scripted-context.ts'

const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }
const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }
/** What the writer writes, one entry after the other; each token is unlike any other. */
const WRITES: readonly (readonly string[])[] = [['a'], ['b', 'c'], ['d']]

interface Asked {
  readonly after: string
  reply: unknown
  answer(reply: unknown): void
}

/** One replica of a stream, with everything that happens around it under the hand of a search. */
export class HandoffScene {
  readonly log: ScriptedLog = new ScriptedLog()
  readonly readings: Reading[] = []
  /** Every text that stood in the log at some time, from its first entry to its last. */
  readonly versions: Set<string> = new Set()
  readonly #runtime = createVirtualRuntime()
  readonly #faults: Faults
  readonly #sluice: Sluice
  readonly #context: StoreContext
  readonly #asked: Asked[] = []
  readonly #done: Record<string, number> = {}
  #messages: string[] = []
  #sinceAsked: string[] = []
  #listener: StreamListener | undefined
  #subscribe: (() => void) | undefined
  #replica: Replica | undefined
  #written = 0
  /** What the writer has to write again. */
  #lost: readonly Logged[] = []

  constructor(faults: Faults) {
    this.#faults = faults
    this.log.publish = (message) => {
      if (this.#listener && !this.#subscribe) this.#messages.push(message)
    }
    const store = {
      name: 'scripted',
      shared: true,
      begin: () => undefined,
      close: () => undefined,
      find: () => this.#find(),
    }
    this.#sluice = createSluice({ store: store as unknown as Store, runtime: this.#runtime })
    const ask = (after: unknown): Promise<unknown> =>
      new Promise((answer) => this.#asked.push({ after: String(after), reply: undefined, answer }))
    const subscriptions = {
      listen: (_: unknown, listener: StreamListener) =>
        new Promise<void>((resolve) => {
          this.#listener = listener
          this.#subscribe = resolve
        }),
      forget: () => (this.#listener = undefined),
    }
    const run: Run = ({ name }, _, args) => (name === 'read-record' ? ask(args[0]) : Promise.resolve('ok'))
    this.#context = createContext('here', this.#runtime, {
      run,
      subscriptions: subscriptions as unknown as Subscriptions,
    })
  }

  /** What may happen next. */
  get actions(): string[] {
    const { chunks, trims, empties, losses, rewrites, closes, takes, backs, readers, resumes, polls } = this.#faults
    const may = (what: string, times: number): string[] => ((this.#done[what] ?? 0) < times ? [what] : [])
    const running = !this.log.end
    return [
      ...(running ? may('write', chunks) : []),
      ...(running && this.#written >= chunks ? ['end'] : []),
      ...(running ? [...may('close', closes), ...may('take', takes)] : []),
      ...(this.log.taken ? may('back', backs) : []),
      ...(running && this.log.entries.length > 0 ? [...may('lose', losses), ...may('forget', rewrites)] : []),
      ...(this.log.entries.length > 0 ? [...may('trim', trims), ...may('empty', empties)] : []),
      ...may('read', readers),
      ...(resumes > 0 ? may('resume', resumes).map((verb) => `${verb} 1`) : []),
      ...may('poll', polls),
      ...(this.#subscribe ? ['subscribe'] : []),
      ...this.#messages.map((_, index) => `hear ${index}`),
      ...(this.#asked[0] ? [this.#asked[0].reply === undefined ? 'serve' : 'reply'] : []),
    ]
  }

  async do(action: string): Promise<void> {
    const [verb = '', index] = action.split(' ')
    this.#done[verb] = (this.#done[verb] ?? 0) + 1
    if (verb === 'write') this.#write()
    else if (verb === 'end') this.log.write([...this.#lost, STOP])
    else if (verb === 'close') this.log.close(CUT)
    else if (verb === 'forget') this.#lost = [...this.log.forget(), ...this.#lost]
    else if (verb === 'take') this.log.take()
    else if (verb === 'back') this.log.back()
    else if (verb === 'lose') {
      this.log.forget()
      this.#lost = []
      this.log.epoch++
    } else if (verb === 'trim') this.log.trim(1)
    else if (verb === 'empty') this.log.trim(0)
    else if (verb === 'read' || verb === 'resume')
      void this.#read(index === undefined ? undefined : `${FACTS.id}.1.${index}`)
    else if (verb === 'poll') await this.#runtime.advance(2 * LOOK_EVERY_MS)
    else if (verb === 'subscribe') this.#subscribed()
    else if (verb === 'hear') this.#hear(Number(index))
    else if (verb === 'serve') this.#serve()
    else this.#reply()
    this.versions.add(this.log.text)
    await this.#runtime.flush()
    await drainMicrotasks()
  }

  /** Nothing more happens; what is on its way is lost, and polls are all there is. */
  async settle(): Promise<void> {
    this.#messages = []
    let polls = 0
    for (;;) {
      if (this.#subscribe) await this.do('subscribe')
      else if (this.#asked[0]) await this.do(this.#asked[0].reply === undefined ? 'serve' : 'reply')
      else if (polls++ < 3) await this.do('poll')
      else break
      this.#messages = []
    }
  }

  /** All that decides what can still happen. */
  get state(): string {
    const { entries, whole, epoch, end, seq } = this.log
    const held = this.#replica?.stream.log
    const asked = this.#asked.map(({ after, reply }) => [after, reply])
    const done = ['read', 'resume', 'poll', 'trim', 'empty', 'lose', 'forget', 'close', 'take', 'back'].map(
      (verb) => this.#done[verb] ?? 0,
    )
    return JSON.stringify([
      [entries, whole, epoch, end?.reason, seq, this.#written, this.#lost, this.log.taken, ...done],
      [this.#messages, asked, this.#sinceAsked, Boolean(this.#subscribe), Boolean(this.#listener)],
      held && [held.slice(held.firstSeq, held.lastSeq), held.firstSeq, epochsOf(held), held.lost, held.end?.reason],
      this.readings,
    ])
  }

  async #find(): Promise<Found> {
    if (this.#replica && !this.#replica.stream.log.lost) {
      await this.#replica.catchUp()
      if (!this.#replica.stream.log.lost) return { is: 'stream', stream: this.#replica.stream }
    }
    const record = await readRecord(this.#context.connection, this.#context.keys, FACTS, { afterSeq: 0 })
    if (record.is !== 'stream') return { is: 'unknown' }
    if (!this.#replica || this.#replica.stream.log.lost) {
      this.#replica = new Replica(this.#context, record, { lapsed: () => {}, followed: () => {}, idle: () => {} })
    }
    return { is: 'stream', stream: this.#replica.stream }
  }

  #write(): void {
    const { epoch } = this.log
    this.log.write([...this.#lost, ...WRITES[this.#written++]!.map((text) => `${text}${epoch}`)])
    this.#lost = []
  }

  /** From the start, or after the first event. */
  async #read(after: string | undefined): Promise<void> {
    const stream = await this.#sluice.attach({ id: FACTS.id }, { as: 'server', after }).catch(() => undefined)
    if (!stream) return
    this.readings.push(beginReading(stream))
  }

  #subscribed(): void {
    const resolve = this.#subscribe
    this.#subscribe = undefined
    resolve!()
  }

  #hear(index: number): void {
    const [message] = this.#messages.splice(index, 1)
    if (this.#asked.length > 0) this.#sinceAsked.push(message!)
    this.#listener?.received(message!)
  }

  #serve(): void {
    this.#asked[0]!.reply = this.log.read(this.#asked[0]!.after)
  }

  #reply(): void {
    const { answer, reply } = this.#asked.shift()!
    this.#sinceAsked = []
    answer(reply)
  }
}

function epochsOf(log: Log): number[] {
  return Array.from({ length: log.lastSeq - log.firstSeq + 1 }, (_, index) => log.epochOf(log.firstSeq + index))
}
