import { type EndEvent, isTextual } from '@sluice/core'
import type { Keeping, Logged, StreamFacts } from '@sluice/core/extend'

import { type Chunk, encodeChunk } from '../../src/protocol/chunk-codec.ts'

export const FACTS: StreamFacts = {
  id: '0123456789abcdefghjkmnpqrs',
  tenant: '',
  owner: 'owner',
  key: undefined,
  meta: {},
  wire: undefined,
  createdAtMs: 0,
  idempotency: undefined,
}

export const KEEPING: Keeping = {
  retentionBytes: 1024 * 1024,
  retentionMs: 3_600_000,
  leaseMs: 10_000,
  windowBytes: 64 * 1024,
  durability: 'committed',
}

/** A stream as Redis would have it, in plain lists; what is published goes to whoever takes it. */
export class ScriptedLog {
  entries: readonly Chunk[] = []
  /** With what was trimmed. */
  whole: readonly Chunk[] = []
  seq = 0
  epoch = 1
  end: EndEvent | undefined
  /** What stood here when another producer took over. */
  taken: Pick<ScriptedLog, 'entries' | 'whole' | 'seq' | 'epoch'> | undefined
  publish: (message: string) => void = () => {}
  #takes = 0

  write(events: readonly Logged[]): void {
    const chunk: Chunk = { epoch: this.epoch, firstSeq: this.seq + 1, events }
    this.entries = [...this.entries, chunk]
    this.whole = [...this.whole, chunk]
    this.seq += events.length
    const last = events.at(-1)
    if (typeof last === 'object' && last.type === 'end') this.end = last
    this.publish(encodeChunk(chunk).payload)
  }

  /** From outside: the next seq and the next epoch. */
  close(end: EndEvent): void {
    this.epoch++
    this.write([end])
  }

  /** Another producer takes over, under an epoch that nobody else gets, though this be forgotten. */
  take(): void {
    const { entries, whole, seq, epoch } = this
    this.taken = { entries, whole, seq, epoch }
    this.epoch += 2 + this.#takes++
  }

  /** A failover to a server that never heard of that: the old producer's epoch stands again. */
  back(): void {
    Object.assign(this, this.taken, { taken: undefined, end: undefined })
  }

  /** Somebody has cut the log down to its newest entries. */
  trim(keep: number): void {
    this.entries = this.entries.slice(Math.max(0, this.entries.length - keep))
  }

  /** A failover loses the newest entry; gives what was in it. */
  forget(): readonly Logged[] {
    const lost = this.whole.at(-1)!
    this.whole = this.whole.slice(0, -1)
    this.entries = this.entries.slice(0, -1)
    this.seq = lost.firstSeq - 1
    return lost.events
  }

  /** What `read-record.lua` returns. */
  read(after: string): unknown {
    const meta = {
      facts: JSON.stringify(FACTS),
      keeping: JSON.stringify(KEEPING),
      epoch: String(this.epoch),
      seq: String(this.seq),
      first: '1',
      tokens: '0',
      lease: '1',
      instance: 'elsewhere',
      ...(this.end && { end: JSON.stringify(this.end) }),
    }
    const wanted = this.entries.filter(({ firstSeq, events }) => firstSeq + events.length - 1 > Number(after))
    const entries = after === '' ? [] : wanted.map(entryOf)
    return [Object.entries(meta).flat(), entries, [], 0, 1]
  }

  /** All that was written and not lost, as one text. */
  get text(): string {
    return this.whole.flatMap(({ events }) => events.map(textOf)).join('')
  }
}

/** An entry as `XRANGE` gives it. */
export function entryOf(chunk: Chunk): [id: string, fields: [string, string]] {
  return [`${chunk.firstSeq + chunk.events.length - 1}-0`, ['c', encodeChunk(chunk).payload]]
}

/** The text of an event, or the reason of an end. */
export function textOf(event: Logged): string {
  if (typeof event === 'string') return event
  return isTextual(event) ? event.text : event.type === 'end' ? event.reason : event.type
}
