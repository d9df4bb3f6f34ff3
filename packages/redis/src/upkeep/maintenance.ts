import type { EndEvent } from '@sluice/core'
import { Deadline, type Due, type Keeping, type StoredStream, type StreamName } from '@sluice/core/extend'

import { readRecord, type StoredState } from '../commands/read-record.ts'
import type { StoreContext } from '../context/store-context.ts'
import { scoped, unscoped } from '../protocol/keys.ts'
import { textsIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { LEASE_MS, POINTER_MS, RENEW_MS } from '../protocol/times.ts'
import { ExpiredLeases, type Successor } from './expired-leases.ts'
import { PendingEnds } from './pending-ends.ts'
import { Renewals, type Renewed } from './renewals.ts'

/** The streams that are maintained, and who does for them what is found to be necessary. */
export interface MaintainedStreams extends Successor, Renewed {
  /** Settles an ended stream whose producer did not. `false`: it is not settled. */
  settle(state: StoredState): Promise<boolean>
}

/** How often streams that are due to be checked are taken from the list. */
const SWEEP_MS = 1_000
const SWEPT_AT_ONCE = 64
/** Until its lease can have lapsed a stream needs no check; the process that takes it for a check has as long. */
const WATCH_MS: number = LEASE_MS
/** How long a process has that has taken a stream to settle it. */
const SETTLE_AGAIN_MS = 60_000

/**
 * Renews the leases of streams produced here and the reports of readers here. Finds streams whose producers died, and has
 * them taken over, ended or settled. All of it happens in batches, on two deadlines for the whole process.
 */
export class Maintenance implements Due {
  readonly #context: StoreContext
  readonly #streams: MaintainedStreams
  readonly #renewal: Deadline = new Deadline(this)
  readonly #sweep: Deadline = new Deadline({ due: () => this.#sweepDue() })
  readonly #expiredLeases: ExpiredLeases
  readonly #pendingEnds: PendingEnds
  readonly #renewals: Renewals
  #stopped = false

  constructor(context: StoreContext, streams: MaintainedStreams) {
    this.#context = context
    this.#streams = streams
    this.#expiredLeases = new ExpiredLeases(context, streams)
    this.#pendingEnds = new PendingEnds(context)
    this.#renewals = new Renewals(context, streams)
    this.#scheduleIn(this.#renewal, RENEW_MS)
    this.#scheduleIn(this.#sweep, SWEEP_MS * (0.5 + Math.random()))
  }

  stop(): void {
    this.#stopped = true
    this.#renewals.stop()
    this.#context.scheduler.cancel(this.#renewal)
    this.#context.scheduler.cancel(this.#sweep)
  }

  /** A stream begins: it is watched until it has ended and is settled. */
  watch(stream: StreamName): Promise<void> {
    return this.#checkIn(stream, WATCH_MS)
  }

  /** A stream that was produced here has ended. If it has to be settled, it stays on the list until then. */
  ended(stream: StreamName): void {
    if (!this.#context.hosts.some(({ settles }) => settles)) void this.unwatch(stream).catch(ignore)
  }

  async unwatch({ tenant, id }: StreamName): Promise<void> {
    await this.#unwatchMember(scoped(tenant, id))
  }

  async #unwatchMember(member: string): Promise<void> {
    const { connection, keys } = this.#context
    await connection.run(SCRIPTS.unwatch, [keys.watched], [member])
  }

  /** An end that the store must learn of once it can. */
  endPending(stream: StoredStream, keeping: Keeping, end: EndEvent): void {
    if (!this.#stopped) this.#pendingEnds.add(stream, keeping, end)
  }

  /** It is time to renew. */
  due(): void {
    const { connection, wakeUps, options } = this.#context
    // What nobody wakes this process for is found when leases are renewed.
    this.#scheduleIn(this.#renewal, wakeUps.isDeaf ? Math.min(RENEW_MS, options.lookEveryMs) : RENEW_MS)
    connection.probe()
    wakeUps.look()
    this.#renewals.begin()
    if (wakeUps.isDeaf) this.#renewals.hurry()
    this.#pendingEnds.tryAgain()
  }

  /** Redis answers again, or has perhaps said what was not heard here. */
  hurry(): void {
    if (this.#stopped) return
    this.due()
    this.#renewals.hurry()
  }

  /** A running stream's lease has lapsed. */
  judge(state: StoredState): Promise<void> {
    return this.#stopped ? Promise.resolve() : this.#expiredLeases.judge(state)
  }

  #sweepDue(): void {
    this.#sweepAll()
      .catch(ignore)
      .finally(() => this.#scheduleIn(this.#sweep, SWEEP_MS * (0.75 + Math.random() / 2)))
  }

  async #sweepAll(): Promise<void> {
    const { connection, keys } = this.#context
    if (connection.answeringForMs < LEASE_MS) {
      // Otherwise a process with nothing to do would not notice that Redis is back.
      await connection.ping()
      return
    }
    for (let full = true; full && !this.#stopped;) {
      const members = textsIn(await connection.run(SCRIPTS.takeDue, [keys.watched], [SWEPT_AT_ONCE, WATCH_MS]))
      await Promise.all(members.map((member) => this.#checkMember(member).catch(ignore)))
      full = members.length === SWEPT_AT_ONCE
    }
  }

  async #checkMember(member: string): Promise<void> {
    let stream: StreamName
    try {
      stream = unscoped(member)
    } catch {
      // The name of no stream: there is nothing to look after.
      return this.#unwatchMember(member)
    }
    await this.#check(stream)
  }

  async #check(stream: StreamName): Promise<void> {
    const { connection, keys, hosts } = this.#context
    const record = await readRecord(connection, keys, stream)
    if (record.is !== 'stream') return this.unwatch(stream)
    const { state } = record
    if (!state.end) {
      if (state.leaseLeftMs < 0) await this.judge(state)
      return this.#checkIn(stream, Math.max(state.leaseLeftMs, SWEEP_MS))
    }
    if (state.settled) return this.unwatch(stream)
    if (this.#streams.isProducedHere(stream)) return
    if (!hosts.some(({ settles }) => settles)) return
    // While its lease stands, its producer is likely to be settling it.
    if (state.leaseLeftMs >= 0) return this.#checkIn(stream, state.leaseLeftMs)
    await this.#checkIn(stream, SETTLE_AGAIN_MS)
    if (await this.#streams.settle(state)) await this.settled(stream)
  }

  async #checkIn(stream: StreamName, inMs: number): Promise<void> {
    const { connection, keys } = this.#context
    const member = scoped(stream.tenant, stream.id)
    await connection.run(SCRIPTS.watch, [keys.watched], [member, Math.ceil(inMs), POINTER_MS])
  }

  /** The stream is settled: nothing is left to be done for it. */
  async settled(stream: StreamName): Promise<void> {
    const { connection, keys } = this.#context
    await connection.run(SCRIPTS.settled, [keys.meta(stream)], [])
    await this.unwatch(stream)
  }

  #scheduleIn(deadline: Deadline, inMs: number): void {
    if (!this.#stopped) this.#context.scheduler.schedule(deadline, this.#context.scheduler.now() + inMs)
  }
}

function ignore(): void {}
