import type { Connection } from '../wire/connection.ts'
import type { Delivery } from './delivery.ts'
import type { Encoder } from '../wire/encoder.ts'
import type { Reader } from './reader.ts'
import type { ResolvedReaderOptions } from './options.ts'
import type { ExpectedReaders } from './expected-readers.ts'
import type { PollLimits } from './poll-lifetime.ts'
import type { LifetimeLimits } from './reading-lifetime.ts'
import type { ReadingOutcome } from '../events/notice.ts'

/** What the stream is told of one delivery. */
export interface DeliveryListener {
  /** Called after each write. */
  readingChunk(events: number, bytes: number, waitedMs: number): void
  /** Called once. `error` is what a policy or an encoder threw. */
  readingOver(delivery: Delivery, outcome: ReadingOutcome, error?: unknown): void
}

/** One write to one reader. */
export interface ChunkInfo {
  events: number
  /** Wire bytes (UTF-16 units where the wire is text). */
  bytes: number
  /** How long its oldest event had been readable. */
  waitedMs: number
}

/** What a delivery is made of, besides its scheduler. */
export interface DeliveryParts {
  reader: Reader
  encoder: Encoder
  connection: Connection
  options: ResolvedReaderOptions
  owner: DeliveryListener
  /** Keeps the place of a reader that comes back. */
  expected: ExpectedReaders
  /** How long it may last, where that is limited. */
  lifetime?: LifetimeLimits | undefined
  /** How long it may last where it is one poll. */
  poll?: PollLimits | undefined
}
