import type { StreamName } from '@sluice/core/extend'

import type { StoredState } from '../commands/read-record.ts'
import type { StoreContext } from '../context/store-context.ts'
import type { ProducedStream } from '../producing/produced-stream.ts'
import type { ProducedStreams } from '../producing/produced-streams.ts'
import type { Replica } from '../replica/replica.ts'
import type { ReplicaCache } from '../replica/replica-cache.ts'
import type { MaintainedStreams } from './maintenance.ts'

/** Continues streams that other processes have left, with whichever of this process's sluices can. */
export class Takeover implements MaintainedStreams {
  readonly #context: StoreContext
  readonly #produced: ProducedStreams
  readonly #replicas: ReplicaCache

  constructor(context: StoreContext, produced: ProducedStreams, replicas: ReplicaCache) {
    this.#context = context
    this.#produced = produced
    this.#replicas = replicas
  }

  get produced(): Iterable<ProducedStream> {
    return this.#produced.all
  }

  get replicas(): Iterable<Replica> {
    return this.#replicas.replicas
  }

  isProducedHere({ id }: StreamName): boolean {
    return this.#produced.has(id)
  }

  async takeOver(state: StoredState, epoch: number): Promise<void> {
    const { facts, keeping } = state
    const replica = await this.#replicas.replicaOf(facts)
    const host = this.#context.hosts.find((one) => facts.source !== undefined && one.canRun(facts.source.name))
    if (!replica || !host) return
    await replica.catchUp()
    const { end, lost } = replica.stream.log
    if (end || lost) return
    this.#replicas.handOver(replica)
    replica.stream.log.epoch = epoch
    this.#produced.add(replica.stream, keeping)
    host.takeOver(replica.stream)
  }

  async settle(state: StoredState): Promise<boolean> {
    const replica = await this.#replicas.replicaOf(state.facts)
    if (!replica?.stream.log.end) return false
    const settled = this.#context.hosts.filter(({ settles }) => settles).map((host) => host.settle(replica.stream))
    return (await Promise.all(settled)).every(Boolean)
  }
}
