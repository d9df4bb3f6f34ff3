import type { EndEvent, Json } from '@sluice/core'
import type { Keeping, Logged, RecordState, StreamFacts } from '@sluice/core/extend'

/** What a server tells the processes that have something to do with a stream, in the order in which it happened. */
export type Notice =
  | { is: 'appended'; epoch: number; after: number; events: readonly Logged[] }
  | { is: 'closed'; epoch: number; seq: number; end: EndEvent }
  | { is: 'readers'; readers: number; furthestSeq: number }
  | { is: 'granted'; reader: string; seq: number }
  | { is: 'erased' }

/** One process, as the server knows it. */
export interface Client {
  notice(id: string, notice: Notice): void
  /** For the producer of a stream alone. */
  message(id: string, message: Json, answer: (taken: boolean) => void): void
}

/** A stream as the server keeps it. */
export interface ServerStream {
  readonly facts: StreamFacts
  readonly keeping: Keeping
  producer: Client
  readonly events: { epoch: number; event: Logged }[]
  /** Who is told of what happens to it. */
  readonly followers: Set<Client>
  readonly presence: Map<Client, { readers: number; furthestSeq: number }>
  state: RecordState
  cancelExpiry: (() => void) | undefined
}

/** A stream as it was when somebody asked. */
export interface Snapshot {
  readonly facts: StreamFacts
  readonly keeping: Keeping
  /** `lastEpoch`: that of the last event. */
  readonly state: RecordState & { readonly lastEpoch: number }
  readonly events: readonly { epoch: number; event: Logged }[]
}

export function snapshotOf({ facts, keeping, state, events }: ServerStream): Snapshot {
  return { facts, keeping, state: { ...state, lastEpoch: events.at(-1)?.epoch ?? state.epoch }, events: [...events] }
}

/** Tells all who follow a stream, but one, what has happened to it. */
export function tell({ facts, followers }: ServerStream, notice: Notice, except?: Client): void {
  for (const client of followers) if (client !== except) client.notice(facts.id, notice)
}

/** Who reads besides the producer, for the producer. */
export function tellReaders({ facts, presence, producer }: ServerStream): void {
  const entries = [...presence.values()].filter((entry) => entry.readers > 0)
  const furthestSeq = Math.max(0, ...entries.map((entry) => entry.furthestSeq))
  const readers = entries.reduce((sum, entry) => sum + entry.readers, 0)
  producer.notice(facts.id, { is: 'readers', readers, furthestSeq })
}
