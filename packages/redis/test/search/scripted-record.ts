import type { EndEvent } from '@sluice/core'
import { beginRecord, type Logged, type RecordCommand, type RecordState, stepRecord } from '@sluice/core/extend'

import type { Append } from '../../src/connection/append-batcher.ts'
import { type Chunk, decodeChunk } from '../../src/protocol/chunk-codec.ts'
import type { Script } from '../../src/protocol/scripts.ts'
import { entryOf, FACTS, KEEPING, textOf } from './scripted-log.ts'

/** A lease stands for ever, until somebody says that it has lapsed. */
const HELD = { nowMs: 0, leaseMs: 1 }

interface Moment {
  readonly record: RecordState
  readonly entries: readonly Chunk[]
  /** Who produces it. */
  readonly instance: string
}

/** What Redis keeps of one stream, made of the record machine and a list; it answers what the scripts would. */
export class ScriptedRecord {
  now: Moment | undefined = { record: beginRecord(HELD.nowMs, HELD.leaseMs), entries: [], instance: 'a' }
  /** Before the last step that changed something. */
  before: Moment | undefined
  /** Every text that stood in the log at some time. */
  readonly versions: Set<string> = new Set([''])

  run({ name }: Pick<Script, 'name'>, args: readonly unknown[]): unknown {
    if (name === 'append') return this.#append(args[0] as Append)
    const text = args.map(String)
    if (name === 'renew') return this.#step({ type: 'renew', epoch: Number(text[0]), ...HELD }, undefined)
    if (name === 'take-over') return this.#step({ type: 'takeOver', ...HELD }, undefined, text[0])
    if (name === 'close') return this.#step(closeOf(text), undefined)
    if (name === 'read-record') return this.#read(text[0]!)
    return 'ok'
  }

  lapse(): void {
    if (this.now) this.now = { ...this.now, record: { ...this.now.record, leaseUntilMs: -1 } }
  }

  /** A failover: the last step is lost, whatever it was. */
  rollBack(): void {
    this.now = this.before
    this.before = undefined
  }

  wipe(): void {
    this.now = undefined
    this.before = undefined
  }

  get text(): string {
    return this.now?.entries.flatMap(({ events }) => events.map(textOf)).join('') ?? ''
  }

  #append({ epoch, after, lastSeq, payload, more }: Append): unknown {
    const end = more?.end === undefined ? undefined : (JSON.parse(more.end) as EndEvent)
    return this.#step({ type: 'append', epoch, after, count: lastSeq - after, end }, decodeChunk(payload))
  }

  #step(command: RecordCommand, chunk: Chunk | undefined, taker?: string): unknown {
    if (!this.now) return ['missing']
    const { record, entries, instance } = this.now
    const { state, outcome } = stepRecord(record, command)
    if (state !== record) {
      if (command.type !== 'renew') this.before = this.now
      const closed = command.type === 'close' || command.type === 'expire'
      const added = closed ? { epoch: state.epoch, firstSeq: state.seq, events: [command.end] as Logged[] } : chunk
      this.now = { record: state, entries: added ? [...entries, added] : entries, instance: taker ?? instance }
      this.versions.add(this.text)
    }
    if (outcome === 'gap') return ['gap', String(state.seq)]
    if (command.type === 'renew') return [outcome, [], 0, [], 0]
    return state.end && command.type !== 'append'
      ? [outcome, JSON.stringify(state.end), state.epoch, state.seq]
      : [outcome, state.epoch, state.seq]
  }

  #read(after: string): unknown {
    if (!this.now) return [[], [], [], 0, 0]
    const { record, entries, instance } = this.now
    const { epoch, seq, end, leaseUntilMs } = record
    const meta = {
      facts: JSON.stringify(FACTS),
      keeping: JSON.stringify(KEEPING),
      instance,
      ...texts({ epoch, seq, first: 1, tokens: seq, lease: Math.max(0, leaseUntilMs) }),
      ...(end && { end: JSON.stringify(end) }),
    }
    const wanted = entries.filter(({ firstSeq, events }) => firstSeq + events.length - 1 > Number(after))
    const found = after === '' ? [] : wanted.map(entryOf)
    // It has lapsed when it is over by more than nothing.
    return [Object.entries(meta).flat(), found, [], leaseUntilMs < 0 ? 1 : 0, entries.length > 0 ? 1 : 0]
  }
}

function texts(fields: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, count]) => [name, String(count)]))
}

function closeOf([end, , , , , mode]: string[]): RecordCommand {
  const event = JSON.parse(end!) as EndEvent
  return mode === 'ifLapsed' ? { type: 'expire', nowMs: HELD.nowMs, end: event } : { type: 'close', end: event }
}
