import type { WireFacts } from './encoder.ts'
import type { EndEvent } from './event.ts'
import type { Json } from './json.ts'
import type { Log } from './log.ts'
import type { RecordOutcome } from './record-machine.ts'
import type { StreamIdentity } from './principal.ts'

/** A value now, or a promise of one: a store in this process answers at once. */
export type MaybePromise<Value> = Value | Promise<Value>

/** What is stored with a stream when it begins, and never changes. */
export interface StreamFacts extends StreamIdentity {
  readonly meta: { readonly [name: string]: Json | undefined }
  /** The wire it was started on, and what that wire needs to encode it identically anywhere. */
  readonly wire: { readonly name: string; readonly facts: WireFacts } | undefined
  /** Wall-clock time of the start, in milliseconds since 1970. */
  readonly createdAtMs: number
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | undefined
}

/** How a stream is to be kept. */
export interface Keeping {
  retentionBytes: number
  retentionMs: number
  leaseMs: number
}

/** How long the parts of a stream took, in milliseconds from its start; absent while a part has not happened. */
export interface StreamTiming {
  openMs?: number
  firstEventMs?: number
  durationMs?: number
}

/** A stream as a store has it. */
export interface StoredStream {
  readonly facts: StreamFacts
  /** Its record in this process. */
  readonly log: Log
  readonly timing: StreamTiming
}

/** What is left of a stream that was erased, evicted or has expired. */
export interface Tombstone {
  readonly facts: StreamIdentity
  readonly epoch: number
  readonly seq: number
  readonly end: EndEvent | undefined
}

/** Answer to a look-up. */
export type Found =
  | { is: 'stream'; stream: StoredStream }
  | { is: 'tombstone'; tombstone: Tombstone }
  | { is: 'unknown' }

/** Answer to a begin: the new stream, or the one that stands in its way. */
export type Begun =
  | { is: 'new'; stream: StoredStream }
  | { is: 'running'; stream: StoredStream }
  | { is: 'repeated'; stream: StoredStream }
  | { is: 'mismatch' }

/** What a stream may be looked up by. */
export type StoreRef = { id: string } | { tenant: string; key: string }

/**
 * Keeps streams durable and alike across instances. Every step that decides something (begin, close, renew) is one
 * atomic step of the record machine inside the store.
 *
 * This version of the port is for stores that share this process's memory: the log they hand out is the record, and
 * appending to it is storing. Batched append, follow and presence of remote stores join it with the Redis store.
 */
export interface Store {
  readonly name: string
  /** True when other processes can serve these streams too. */
  readonly shared: boolean
  /** Begins a stream, unless its key is held by a live one or its idempotency key was used before. */
  begin(facts: StreamFacts, keeping: Keeping): MaybePromise<Begun>
  find(ref: StoreRef): MaybePromise<Found>
  /** Ends a stream from outside its producer, fenced: what the producer appends later is refused. */
  close(id: string, end: EndEvent): MaybePromise<RecordOutcome | 'missing'>
  /** Forgets what a stream said, leaving a tombstone. Closed before. */
  erase(id: string): MaybePromise<void>
  /** Renews the leases of streams produced here; gives the ids that are not ours any more. */
  renew(ids: readonly string[], leaseMs: number): MaybePromise<readonly string[]>
  /** Bytes held, and how many of them belong to streams that still run. */
  usage(): { bytes: number; streams: number; live: number }
  /** Lets go of timers and connections. Streams of a store in memory are gone with it. */
  dispose(): MaybePromise<void>
}
