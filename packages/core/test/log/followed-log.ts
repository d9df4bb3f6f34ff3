import assert from 'node:assert/strict'
import type { StreamEvent } from '@sluice/core'
import { type Entry, eventBytes, Log, type LogAccount, type Logged } from '@sluice/core/extend'

/** What may be done to a log that a store follows. */
export type Step =
  | { do: 'append'; events: Logged[] }
  /** The store has this share of what it did not have. */
  | { do: 'store'; share: number }
  | { do: 'epoch' }
  | { do: 'read'; count: number }

const toEvent = (event: Logged): StreamEvent => (typeof event === 'string' ? { type: 'text', text: event } : event)
/** As it is kept: a large event is its JSON text. */
const asJson = (event: Logged): unknown => JSON.parse(JSON.stringify(toEvent(event)))
const inJson = ({ epoch, seq, event }: Entry): unknown => ({ epoch, seq, event: asJson(event) })
export const sizeOf = (events: readonly Logged[]): number => events.reduce((sum, event) => sum + eventBytes(event), 0)

/** A log behind a store, beside the plain list of what was appended. */
export class FollowedLog {
  readonly account: LogAccount = { bytes: 0 }
  readonly log: Log
  readonly appended: { epoch: number; event: Logged }[] = []
  /** How many of them the store has. */
  stored = 0

  constructor(retentionBytes: number) {
    this.log = new Log('stream', 1, { retentionBytes, account: this.account })
    this.log.produce(1, 'stored', { appended: () => {} })
  }

  get events(): Logged[] {
    return this.appended.map(({ event }) => event)
  }

  append(...events: Logged[]): void {
    for (const event of events) {
      assert.equal(this.log.append(event), true)
      this.appended.push({ epoch: this.log.epoch, event })
    }
  }

  store(share: number): void {
    this.stored += Math.ceil((this.appended.length - this.stored) * share)
    this.log.storedUpTo(this.stored)
  }

  do(step: Step): void {
    if (step.do === 'append') this.append(...step.events)
    else if (step.do === 'store') this.store(step.share)
    else if (step.do === 'epoch') this.log.epoch++
  }

  /** What is shown, event by event: that and nothing else must be in the store. */
  assertShown(): void {
    const { log, appended, stored } = this
    assert.deepEqual([log.lastSeq, log.committed, log.stored], [appended.length, stored, stored])
    assert.equal(log.committedBytes, sizeOf(this.events.slice(0, stored)))
    assert.ok(log.firstSeq <= stored + 1, `${log.firstSeq} is kept, ${stored} stored`)
    assert.deepEqual(log.read(stored, Infinity), [])
    for (let seq = log.firstSeq; seq <= stored; seq++) {
      const { epoch, event } = appended[seq - 1]!
      assert.deepEqual(log.read(seq - 1, 1).map(inJson), [{ epoch, seq, event: asJson(event) }])
    }
    const all = log.read(log.firstSeq - 1, Infinity)
    assert.equal(all.at(-1)?.seq ?? log.firstSeq - 1, stored)
  }

  /** What is kept, shown or not. */
  assertKept(): void {
    const { log, events, account } = this
    const kept = events.slice(log.firstSeq - 1)
    assert.deepEqual(log.slice(log.firstSeq, log.lastSeq).map(asJson), kept.map(asJson))
    assert.deepEqual([log.bytes, account.bytes, log.totalBytes], [sizeOf(kept), log.heldBytes, sizeOf(events)])
  }
}
