import type { Connection } from '../wire/connection.ts'
import type { Encoder } from '../wire/encoder.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { Reader } from './reader.ts'
import type { ResolvedReaderOptions } from './options.ts'
import type { ExpectedReaders } from './expected-readers.ts'
import type { PollLimits } from './poll-lifetime.ts'
import type { LifetimeLimits } from './reading-lifetime.ts'

/** What the stream is told of one delivery. */
export interface DeliveryListener {
  /** Called after each write. */
  readingChunk(events: number, bytes: number, waitedMs: number): void
  /** Called once. `error` is what a policy or an encoder threw. */
  readingOver(outcome: ReadingOutcome, error?: unknown): void
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
