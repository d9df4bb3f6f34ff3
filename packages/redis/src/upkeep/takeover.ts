import type { StreamName } from '@sluice/core'

import type { HeldStreams } from '../replica/replica-cache.ts'
import type { Kept } from './maintenance.ts'
import type { StoredState } from '../commands/read-record.ts'
import type { Produced } from '../producing/produced-stream.ts'
import type { ProducedStreams } from '../producing/produced-streams.ts'
import type { Replica } from '../replica/replica.ts'
import type { Shop } from '../context/store-context.ts'

/** How this process goes on with what others have left: by whichever of its sluices can. */
export class Succession implements Kept {
  readonly #shop: Shop
  readonly #produced: ProducedStreams
  readonly #held: HeldStreams

  constructor(shop: Shop, produced: ProducedStreams, held: HeldStreams) {
    this.#shop = shop
    this.#produced = produced
    this.#held = held
  }

  get produced(): Iterable<Produced> {
    return this.#produced.all
  }

  get replicas(): Iterable<Replica> {
    return this.#held.replicas
  }

  isProducedHere({ id }: StreamName): boolean {
    return this.#produced.has(id)
  }

  async takeOver(state: StoredState, epoch: number): Promise<void> {
    const { facts, keeping } = state
    const replica = await this.#held.replicaOf(facts)
    const host = this.#shop.hosts.find((one) => facts.source !== undefined && one.canRun(facts.source.name))
    if (!replica || !host) return
    await replica.catchUp()
    const { end, lost } = replica.stream.log
    if (end || lost) return
    this.#held.handOver(replica)
    replica.stream.log.epoch = epoch
    this.#produced.add(replica.stream, keeping)
    host.takeOver(replica.stream)
  }

  async settle(state: StoredState): Promise<boolean> {
    const replica = await this.#held.replicaOf(state.facts)
    if (!replica?.stream.log.end) return false
    const settled = this.#shop.hosts.filter(({ settles }) => settles).map((host) => host.settle(replica.stream))
    return (await Promise.all(settled)).every(Boolean)
  }
}
