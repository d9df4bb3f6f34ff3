import type { StreamName } from '@sluice/core/extend'

import type { StoredState } from '../commands/read-record.ts'
import { renewLease } from '../commands/renew-lease.ts'
import type { StoreContext } from '../context/store-context.ts'
import type { ProducedStream } from '../producing/produced-stream.ts'
import type { ProducedStreams } from '../producing/produced-streams.ts'
import { liveMs } from '../protocol/times.ts'
import type { Replica } from '../replica/replica.ts'
import type { ReplicaCache } from '../replica/replica-cache.ts'
import type { MaintainedStreams } from './maintenance.ts'

/** A lease that is given back has lapsed with the next look at it. */
const GIVEN_BACK_MS = 0

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

  /** Every claim has an owner: what cannot be gone on with here after all is given back, for others to take or to end. */
  async takeOver(state: StoredState, epoch: number): Promise<void> {
    const { facts, keeping } = state
    let replica: Replica | undefined
    let run: (() => void) | undefined
    try {
      replica = await this.#replicas.replicaOf(facts)
      await replica?.catchUp()
      const log = replica?.stream.log
      // Asked only now: others may have taken the last place meanwhile.
      const host = this.#context.hosts.find((one) => facts.source !== undefined && one.canRun(facts.source.name))
      if (replica && host && !log?.end && !log?.lost) run = host.takeOver(replica.stream)
    } finally {
      if (!run) await renewLease(this.#context, facts, { epoch, leaseMs: GIVEN_BACK_MS, liveMs: liveMs(keeping) })
    }
    if (!replica || !run) return
    this.#replicas.handOver(replica)
    replica.stream.log.epoch = epoch
    this.#produced.add(replica.stream, keeping)
    run()
  }

  async settle(state: StoredState): Promise<boolean> {
    const replica = await this.#replicas.replicaOf(state.facts)
    if (!replica?.stream.log.end) return false
    const settled = this.#context.hosts.filter(({ settles }) => settles).map((host) => host.settle(replica.stream))
    return (await Promise.all(settled)).every(Boolean)
  }
}
