import { randomInt } from 'node:crypto'

import { cutEnd, type StreamName } from '@sluice/core/extend'

import { closeStream } from '../commands/close-stream.ts'
import type { StoredState } from '../commands/read-record.ts'
import type { StoreContext } from '../context/store-context.ts'
import { nameOf } from '../protocol/notice.ts'
import { listIn, numberIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { LEASE_MS } from '../protocol/times.ts'

/** Who goes on with the streams that dead producers have left. */
export interface Successor {
  isProducedHere(stream: StreamName): boolean
  /** This process has the lease now: its source is to go on. */
  takeOver(state: StoredState, epoch: number): Promise<void>
}

/**
 * By how much the epoch grows with a take-over, at most. A failover may lose a take-over. Were the next one given the same
 * epoch, the two producers could not be told apart, nor what readers have of them. One more is what an end from outside
 * takes.
 */
const MAX_LEAP = 1_000_000
const MAX_REFUSED = 10_000

/** Decides what becomes of running streams whose producers have let their leases lapse. */
export class ExpiredLeases {
  readonly #context: StoreContext
  readonly #successor: Successor
  readonly #judging: Set<string> = new Set()
  /** Streams whose source could not be run here when this process had them: it does not take them again. */
  readonly #refused: Set<string> = new Set()

  constructor(context: StoreContext, successor: Successor) {
    this.#context = context
    this.#successor = successor
  }

  /**
   * The stream goes to a process that can run its source, or ends. Not before Redis has answered here for a whole lease:
   * after an outage every lease seems to have lapsed, until its holder has renewed it (contract 5).
   */
  async judge(state: StoredState): Promise<void> {
    const { connection, hosts } = this.#context
    const { facts } = state
    if (connection.answeringForMs < LEASE_MS || this.#judging.has(facts.id)) return
    if (this.#successor.isProducedHere(facts)) return
    this.#judging.add(facts.id)
    try {
      const { source } = facts
      const canRun = source && !this.#refused.has(facts.id) && hosts.some((host) => host.canRun(source.name))
      if (canRun && (await this.#takeOver(state))) return
      const takeoverMs = source ? (facts.options?.takeoverMs ?? 0) : 0
      const end = cutEnd(undefined, 'lease')
      await closeStream(this.#context, facts, { end, keeping: state.keeping, mode: 'ifLapsed', lapsedMs: takeoverMs })
    } finally {
      this.#judging.delete(facts.id)
    }
  }

  async #takeOver(state: StoredState): Promise<boolean> {
    const { connection, keys, instance } = this.#context
    const { facts, keeping } = state
    const args = [instance, keeping.leaseMs, keys.instances, nameOf(facts), randomInt(2, MAX_LEAP)]
    const [outcome, epoch] = listIn(await connection.run(SCRIPTS.takeOver, [keys.meta(facts), keys.log(facts)], args))
    if (outcome !== 'ok') return false
    try {
      await this.#successor.takeOver(state, numberIn(epoch))
    } catch (error) {
      if (this.#refused.size >= MAX_REFUSED) this.#refused.clear()
      this.#refused.add(facts.id)
      this.#context.options.onWarning(`Stream ${facts.id} could not be gone on with here: ${String(error)}`)
    }
    return true
  }
}
