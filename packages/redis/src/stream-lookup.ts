import type { Found, Keeping, LookUp, StoreRef, StreamName } from '@sluice/core/extend'

import { foundWithoutEvents } from './commands/found-without-events.ts'
import { readRecord } from './commands/read-record.ts'
import type { StoreContext } from './context/store-context.ts'
import type { ProducedStreams } from './producing/produced-streams.ts'
import { streamIdIn } from './protocol/replies.ts'
import { SCRIPTS } from './protocol/scripts.ts'
import type { ReplicaCache } from './replica/replica-cache.ts'

/** Finds streams where they are nearest: produced here, as a replica here, or in Redis. */
export class StreamLookup {
  readonly #context: StoreContext
  readonly #produced: ProducedStreams
  readonly #replicas: ReplicaCache

  constructor(context: StoreContext, produced: ProducedStreams, replicas: ReplicaCache) {
    this.#context = context
    this.#produced = produced
    this.#replicas = replicas
  }

  async find(ref: StoreRef, lookUp: LookUp): Promise<Found> {
    if ('id' in ref) return this.#findById(ref, lookUp)
    const { connection, keys } = this.#context
    const id = streamIdIn(await connection.run(SCRIPTS.readPointer, [keys.key(ref.tenant, ref.key)], []))
    if (id === '') return { is: 'unknown' }
    const found = await this.#findById({ tenant: ref.tenant, id }, lookUp)
    return found.is === 'stream' && !found.stream.log.end ? found : { is: 'unknown' }
  }

  /** How a stream that is not produced here is kept. */
  async keepingOf(stream: StreamName): Promise<Keeping | undefined> {
    const { connection, keys } = this.#context
    const record = await readRecord(connection, keys, stream)
    return record.is === 'stream' ? record.state.keeping : undefined
  }

  async #findById(stream: StreamName, lookUp: LookUp): Promise<Found> {
    const produced = this.#produced.get(stream.id)
    // @throws where Redis does not answer: who has the stream now is not known then.
    if (lookUp === 'fresh') await produced?.renew()
    await produced?.ownershipKnown()
    if (produced && !produced.over && produced.stream.facts.tenant === stream.tenant) {
      return { is: 'stream', stream: produced.stream }
    }
    if (lookUp !== 'look') {
      this.#replicas.admitReading(stream)
      return this.#replicas.find(stream)
    }
    return foundWithoutEvents(await readRecord(this.#context.connection, this.#context.keys, stream))
  }
}
