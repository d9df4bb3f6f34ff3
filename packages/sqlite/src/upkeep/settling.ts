import { Deadline, type Due } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import type { KeptLogs } from '../kept/kept-logs.ts'

const SETTLE_AGAIN_MS = 60_000

/** Ended streams that no producer settles: those of the process before. Each is settled at least once, one after the other. */
export class Settling implements Due {
  readonly #context: StoreContext
  readonly #kept: KeptLogs
  readonly #numbers: Set<number> = new Set()
  readonly #deadline: Deadline = new Deadline(this)
  #underWay: Promise<void> | undefined
  #stopped = false

  constructor(context: StoreContext, kept: KeptLogs) {
    this.#context = context
    this.#kept = kept
  }

  add(...numbers: readonly number[]): void {
    for (const number of numbers) this.#numbers.add(number)
    this.hurry()
  }

  /** Somebody has come who may settle them. */
  hurry(): void {
    const { scheduler, hosts } = this.#context
    if (this.#numbers.size === 0 || this.#stopped || !hosts.some(({ settles }) => settles)) return
    scheduler.schedule(this.#deadline, scheduler.now())
  }

  due(): void {
    if (this.#underWay) return
    this.#underWay = this.#settleAll().finally(() => (this.#underWay = undefined))
  }

  stop(): void {
    this.#stopped = true
    this.#context.scheduler.cancel(this.#deadline)
  }

  async #settleAll(): Promise<void> {
    const { scheduler } = this.#context
    for (const number of [...this.#numbers]) {
      if (this.#stopped) return
      try {
        if (await this.#settle(number)) this.#numbers.delete(number)
      } catch {
        // It is tried again with those whose host has failed.
      }
    }
    if (this.#numbers.size > 0 && !this.#stopped) scheduler.schedule(this.#deadline, scheduler.now() + SETTLE_AGAIN_MS)
  }

  /** `false`: it is to be tried again. */
  async #settle(number: number): Promise<boolean> {
    const { streams, hosts, checkpoints } = this.#context
    const row = streams.byNumber(number)
    if (!row?.end) return true
    const { stream } = await this.#kept.open(row)
    const settled = await Promise.all(hosts.filter(({ settles }) => settles).map((host) => host.settle(stream)))
    if (!settled.every(Boolean)) return false
    if (!this.#stopped) await checkpoints.whenFree(() => streams.setSettled(number))
    return true
  }
}
