import type { Keeping, StoredStream, StreamName } from '@sluice/core'

import type { HeldStreams } from '../replica/replica-cache.ts'
import type { Keeper } from '../upkeep/maintenance.ts'
import { Produced } from './produced-stream.ts'
import type { Shop } from '../context/store-context.ts'

/** What this process produces. */
export class ProducedStreams {
  readonly #shop: Shop
  readonly #held: HeldStreams
  /** Asked for when it is needed: it looks after these streams, and is made after them. */
  readonly #keeper: () => Keeper
  readonly #streams: Map<string, Produced> = new Map()

  constructor(shop: Shop, held: HeldStreams, keeper: () => Keeper) {
    this.#shop = shop
    this.#held = held
    this.#keeper = keeper
  }

  get size(): number {
    return this.#streams.size
  }

  get all(): Iterable<Produced> {
    return this.#streams.values()
  }

  has(id: string): boolean {
    return this.#streams.has(id)
  }

  get(id: string): Produced | undefined {
    return this.#streams.get(id)
  }

  /** It is produced here from now on. */
  add(stream: StoredStream, keeping: Keeping): void {
    const { id } = stream.facts
    const produced = new Produced(this.#shop, stream, keeping, (end) => {
      this.#keeper().bury(stream, keeping, end)
    })
    this.#streams.set(id, produced)
    stream.log.watchers.add({
      ended: () => this.#ended(stream),
      lost: () => this.#left(stream),
    })
  }

  /** Gives those whose lease is not this process's any more. */
  async renew(streams: readonly StreamName[], leaseMs: number): Promise<readonly StreamName[]> {
    const kept = await Promise.all(
      streams.map(async ({ tenant, id }) => {
        const produced = this.#streams.get(id)
        return produced?.stream.facts.tenant === tenant && (await this.#keeper().renew(produced, leaseMs))
      }),
    )
    return streams.filter((_, index) => !kept[index])
  }

  dispose(): void {
    for (const { outbox } of this.#streams.values()) outbox.stop()
    for (const { stream } of this.#streams.values()) stream.log.leaveAccount()
    this.#streams.clear()
  }

  #ended(stream: StoredStream): void {
    this.#left(stream)
    if (!this.#shop.hosts.some(({ settles }) => settles)) void this.#keeper().unwatch(stream.facts).catch(ignore)
  }

  /** It is not produced here any more. */
  #left({ facts, log }: StoredStream): void {
    this.#streams.delete(facts.id)
    this.#held.finished(log)
  }
}

function ignore(): void {}
