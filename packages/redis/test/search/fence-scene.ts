import { Log } from '@sluice/core/extend'

import { Instance } from './instance.ts'
import { FACTS, KEEPING } from './scripted-log.ts'
import { ScriptedRecord } from './scripted-record.ts'

/** How often each may happen. */
export interface Budget {
  tokens: number
  lost: number
  late: number
  crash: number
  lapse: number
  judge: number
  renew: number
  /** The other process has a replica, before it takes the stream over. */
  read: number
  wipe: number
  rollBack: number
}

/** A stream of process `a`, which process `b` can take over or end. */
export class FenceScene {
  readonly store: ScriptedRecord = new ScriptedRecord()
  readonly a: Instance = new Instance('a', this.store)
  readonly b: Instance = new Instance('b', this.store)
  readonly done: Record<string, number> = {}
  readonly #budget: Budget

  constructor(budget: Budget) {
    this.#budget = budget
    const log = new Log(FACTS.id, 1, { retentionBytes: KEEPING.retentionBytes, followed: true, shows: 'stored' })
    this.a.begin({ facts: FACTS, log, timing: {} })
  }

  get actions(): string[] {
    const { a, b, store } = this
    const may = (what: keyof Budget, action: string = what): string[] =>
      (this.done[what] ?? 0) < this.#budget[what] ? [action] : []
    const own = ([name, instance]: [string, Instance]): string[] => [
      ...(instance.source === 'running' && instance.written < (name === 'a' ? this.#budget.tokens : 1)
        ? [`${name} token`]
        : []),
      ...(instance.source === 'running' && instance.written > 0 ? [`${name} finish`] : []),
      ...(instance.requests.length > 0 ? [`${name} answered`, ...may('lost', `${name} lost`)] : []),
      ...(instance.requests.length > 0 && !instance.crashed ? may('late', `${name} late`) : []),
      ...(instance.ghosts.length > 0 ? [`${name} haunt`] : []),
    ]
    return [
      ...own(['a', a]),
      ...own(['b', b]),
      ...(a.over ? [] : [...may('crash'), ...may('renew')]),
      ...may('lapse'),
      ...(b.reads || b.produced ? [] : may('read')),
      ...(b.produced ? [] : may('judge', 'judge take')),
      ...(b.produced ? [] : may('judge', 'judge end')),
      ...may('wipe'),
      ...(store.before ? may('rollBack') : []),
    ]
  }

  async do(action: string): Promise<void> {
    const [who, what] = action.split(' ') as [string, string | undefined]
    const verb = who === 'a' || who === 'b' ? what! : who
    this.done[verb] = (this.done[verb] ?? 0) + 1
    const { a, b, store } = this
    const instance = who === 'a' ? a : b
    if (verb === 'token') instance.token()
    else if (verb === 'finish') instance.finish()
    else if (verb === 'answered' || verb === 'lost' || verb === 'late') await instance.carry(verb)
    else if (verb === 'haunt') instance.haunt()
    else if (verb === 'crash') a.crashed = true
    else if (verb === 'renew') a.renew()
    else if (verb === 'lapse') store.lapse()
    else if (verb === 'read') await b.read()
    else if (verb === 'judge') await b.judge(what === 'take')
    else if (verb === 'wipe') store.wipe()
    else store.rollBack()
    await this.#rest()
  }

  get state(): string {
    const { token: _, finish: __, answered: ___, ...done } = this.done
    return JSON.stringify([this.store.now, this.store.before, this.a.state, this.b.state, this.b.reads, done])
  }

  /** No more faults: what is under way arrives, who can renews, whose source still runs finishes. */
  async settle(): Promise<void> {
    const both = [this.a, this.b]
    await this.#answerAll()
    for (const each of both) if (!each.over) each.renew()
    await this.#answerAll()
    for (const each of both) if (each.source === 'running') each.finish()
    await this.#answerAll()
    for (const each of both) if (!each.over) each.renew()
    await this.#answerAll()
  }

  async #answerAll(): Promise<void> {
    await this.#rest()
    for (let asks = this.#asking; asks; asks = this.#asking) {
      await asks.carry('answered')
      await this.#rest()
    }
  }

  get #asking(): Instance | undefined {
    return [this.a, this.b].find(({ requests }) => requests.length > 0)
  }

  async #rest(): Promise<void> {
    await this.a.settle()
    await this.b.settle()
  }
}
