import type { EndEvent } from '@sluice/core'
import type { Keeping, StoredStream, StreamName } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import type { ReplicaCache } from '../replica/replica-cache.ts'
import { ProducedStream } from './produced-stream.ts'

/** Who is notified of what becomes of the streams of this process. */
export interface ProducedStreamsListener {
  /** The stream has ended. */
  ended(stream: StreamName): void
  /** The store could not take the stream's end, and must learn of it once it can. */
  endPending(stream: StoredStream, keeping: Keeping, end: EndEvent): void
}

/** The streams that this process produces. */
export class ProducedStreams {
  readonly #context: StoreContext
  readonly #replicas: ReplicaCache
  readonly #listener: ProducedStreamsListener
  readonly #streams: Map<string, ProducedStream> = new Map()

  constructor(context: StoreContext, replicas: ReplicaCache, listener: ProducedStreamsListener) {
    this.#context = context
    this.#replicas = replicas
    this.#listener = listener
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
    const onUnstorable = (end: EndEvent): void => this.#listener.endPending(stream, keeping, end)
    const produced = new ProducedStream(this.#context, stream, keeping, onUnstorable)
    this.#streams.set(stream.facts.id, produced)
    this.#context.subscriptions.produce(stream.facts, () => void produced.renew().catch(ignore))
    stream.log.watchers.add({
      ended: () => {
        this.#remove(stream)
        this.#listener.ended(stream.facts)
      },
      lost: () => this.#remove(stream),
    })
  }

  /** Gives those whose lease is not this process's any more. @throws SluiceError `SLUICE_ERR_STORE` */
  async renew(streams: readonly StreamName[], leaseMs: number): Promise<readonly StreamName[]> {
    const kept = await Promise.all(
      streams.map(async ({ tenant, id }) => {
        const produced = this.#streams.get(id)
        return produced?.stream.facts.tenant === tenant && (await produced.renew(leaseMs))
      }),
    )
    return streams.filter((_, index) => !kept[index])
  }

  dispose(): void {
    for (const { outbox } of this.#streams.values()) outbox.stop()
    for (const { stream } of this.#streams.values()) stream.log.leaveAccount()
    this.#streams.clear()
  }

  /** It is not produced here any more. */
  #remove({ facts, log }: StoredStream): void {
    this.#streams.delete(facts.id)
    this.#context.subscriptions.release(facts)
    this.#replicas.finished(log)
  }
}

function ignore(): void {}
