import type { Keeping, StoredStream, StreamName } from '@sluice/core'

import type { ReplicaCache } from '../replica/replica-cache.ts'
import type { Maintenance } from '../upkeep/maintenance.ts'
import { ProducedStream } from './produced-stream.ts'
import type { StoreContext } from '../context/store-context.ts'

/** What this process produces. */
export class ProducedStreams {
  readonly #context: StoreContext
  readonly #held: ReplicaCache
  /** Asked for when it is needed: it looks after these streams, and is made after them. */
  readonly #maintenance: () => Maintenance
  readonly #streams: Map<string, ProducedStream> = new Map()

  constructor(context: StoreContext, held: ReplicaCache, maintenance: () => Maintenance) {
    this.#context = context
    this.#held = held
    this.#maintenance = maintenance
  }

  get size(): number {
    return this.#streams.size
  }

  get all(): Iterable<ProducedStream> {
    return this.#streams.values()
  }

  has(id: string): boolean {
    return this.#streams.has(id)
  }

  get(id: string): ProducedStream | undefined {
    return this.#streams.get(id)
  }

  /** It is produced here from now on. */
  add(stream: StoredStream, keeping: Keeping): void {
    const { id } = stream.facts
    const produced = new ProducedStream(this.#context, stream, keeping, (end) => {
      this.#maintenance().expire(stream, keeping, end)
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
        return produced?.stream.facts.tenant === tenant && (await this.#maintenance().renew(produced, leaseMs))
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
    if (!this.#context.hosts.some(({ settles }) => settles))
      void this.#maintenance().unwatch(stream.facts).catch(ignore)
  }

  /** It is not produced here any more. */
  #left({ facts, log }: StoredStream): void {
    this.#streams.delete(facts.id)
    this.#held.finished(log)
  }
}

function ignore(): void {}
