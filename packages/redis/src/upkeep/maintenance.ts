import { Deadline, type Due, type EndEvent, type Keeping, type StoredStream, type StreamName } from '@sluice/core'

import { ExpiredLeases, type Successor } from './expired-leases.ts'
import { readRecord, type StoredState } from '../commands/read-record.ts'
import { scoped, unscoped } from '../protocol/keys.ts'
import type { ProducedStream } from '../producing/produced-stream.ts'
import type { Replica } from '../replica/replica.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import type { StoreContext } from '../context/store-context.ts'
import { LEASE_MS, POINTER_MS, RENEW_MS } from '../protocol/times.ts'
import { PendingEnds } from './pending-ends.ts'

/** What the maintenance looks after, and who does what it finds to be done. */
export interface Kept extends Successor {
  readonly produced: Iterable<ProducedStream>
  readonly replicas: Iterable<Replica>
  /** Runs what follows the end of a stream whose producer did not get to it. */
  settle(state: StoredState): Promise<boolean>
}

/** How often streams that are due to be looked at are asked for. */
const SWEEP_MS = 1_000
const SWEPT_AT_ONCE = 64
/** Until its lease can have lapsed nobody needs to look at a stream; whoever takes it to look has as long. */
const WATCH_MS: number = LEASE_MS
/** How long another process has, that has taken it to be settled. */
const SETTLE_AGAIN_MS = 60_000

/**
 * Keeps what must be renewed: leases of streams produced here, word of readers here. Looks for streams whose producers
 * died, and has them taken over, ended or settled. All of it in batches, on two deadlines for the whole process.
 */
export class Maintenance implements Due {
  readonly #context: StoreContext
  readonly #kept: Kept
  readonly #renewal: Deadline = new Deadline(this)
  readonly #sweep: Deadline = new Deadline({ due: () => this.#sweepDue() })
  readonly #lapsed: ExpiredLeases
  readonly #unstored: PendingEnds
  #stopped = false

  constructor(context: StoreContext, kept: Kept) {
    this.#context = context
    this.#kept = kept
    this.#lapsed = new ExpiredLeases(context, kept)
    this.#unstored = new PendingEnds(context)
    this.#again(this.#renewal, RENEW_MS)
    this.#again(this.#sweep, SWEEP_MS * (0.5 + Math.random()))
  }

  stop(): void {
    this.#stopped = true
    this.#context.scheduler.cancel(this.#renewal)
    this.#context.scheduler.cancel(this.#sweep)
  }

  /** A stream begins: it is looked after until it is over and settled. */
  watch(stream: StreamName): Promise<void> {
    return this.#lookIn(stream, WATCH_MS)
  }

  /** A stream that was produced here has ended. While somebody has to settle it, it stays on the list. */
  ended(stream: StreamName): void {
    if (!this.#context.hosts.some(({ settles }) => settles)) void this.unwatch(stream).catch(ignore)
  }

  async unwatch({ tenant, id }: StreamName): Promise<void> {
    const { connection, keys } = this.#context
    await connection.run(SCRIPTS.unwatch, [keys.watched], [scoped(tenant, id)])
  }

  /** An end that the store must learn of once it can. */
  expire(stream: StoredStream, keeping: Keeping, end: EndEvent): void {
    if (!this.#stopped) this.#unstored.add(stream, keeping, end)
  }

  /** It is time to renew. */
  due(): void {
    this.#again(this.#renewal, RENEW_MS)
    this.#context.connection.probe()
    for (const produced of this.#kept.produced) {
      if (produced.over) continue
      produced.readersElsewhere.count()
      produced.renew().catch(ignore)
    }
    for (const replica of this.#kept.replicas) replica.report()
    this.#unstored.tryAgain()
  }

  /** A running stream's lease has lapsed. */
  judge(state: StoredState): Promise<void> {
    return this.#stopped ? Promise.resolve() : this.#lapsed.judge(state)
  }

  #sweepDue(): void {
    this.#sweepAll()
      .catch(ignore)
      .finally(() => this.#again(this.#sweep, SWEEP_MS * (0.75 + Math.random() / 2)))
  }

  async #sweepAll(): Promise<void> {
    const { connection, keys } = this.#context
    if (connection.answeringForMs < LEASE_MS) {
      // Else a process with nothing to do would never hear that Redis is back.
      await connection.ping()
      return
    }
    for (let full = true; full && !this.#stopped;) {
      const members = (await connection.run(SCRIPTS.takeDue, [keys.watched], [SWEPT_AT_ONCE, WATCH_MS])) as string[]
      await Promise.all(members.map((member) => this.#sweepOne(unscoped(member)).catch(ignore)))
      full = members.length === SWEPT_AT_ONCE
    }
  }

  async #sweepOne(stream: StreamName): Promise<void> {
    const { connection, keys, hosts } = this.#context
    const looked = await readRecord(connection, keys, stream)
    if (looked.is !== 'stream') return this.unwatch(stream)
    const { state } = looked
    if (!state.end) {
      if (state.leaseLeftMs < 0) await this.judge(state)
      return this.#lookIn(stream, Math.max(state.leaseLeftMs, SWEEP_MS))
    }
    if (state.settled) return this.unwatch(stream)
    if (this.#kept.isProducedHere(stream)) return
    if (!hosts.some(({ settles }) => settles)) return
    // While its lease stands whoever produced it is likely to be at it.
    if (state.leaseLeftMs >= 0) return this.#lookIn(stream, state.leaseLeftMs)
    await this.#lookIn(stream, SETTLE_AGAIN_MS)
    if (await this.#kept.settle(state)) await this.settled(stream)
  }

  async #lookIn(stream: StreamName, inMs: number): Promise<void> {
    const { connection, keys } = this.#context
    const member = scoped(stream.tenant, stream.id)
    await connection.run(SCRIPTS.watch, [keys.watched], [member, Math.ceil(inMs), POINTER_MS])
  }

  /** What follows the end was done. */
  async settled(stream: StreamName): Promise<void> {
    const { connection, keys } = this.#context
    await connection.run(SCRIPTS.settled, [keys.meta(stream)], [])
    await this.unwatch(stream)
  }

  #again(deadline: Deadline, inMs: number): void {
    if (!this.#stopped) this.#context.scheduler.schedule(deadline, this.#context.scheduler.now() + inMs)
  }
}

function ignore(): void {}
