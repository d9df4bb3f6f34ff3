import type { EndEvent } from '../events/event.ts'
import type { Json } from '../events/json.ts'
import type { Log } from '../log/log.ts'
import type { StreamTiming } from '../observe/stream-timing.ts'
import type { StreamFacts, Tombstone } from './stream-facts.ts'
import type { Durability } from './stream-options.ts'

/** A value now, or a promise of one: a store in this process answers at once. */
export type MaybePromise<Value> = Value | Promise<Value>

/** How a stream is to be kept. */
export interface Keeping {
  retentionBytes: number
  retentionMs: number
  leaseMs: number
  /** How far a source may run ahead of its furthest reader, in bytes. */
  windowBytes: number
  /** What an append must have reached before its events are shown. */
  durability: Durability
}

/** A stream as a store has it. */
export interface StoredStream {
  readonly facts: StreamFacts
  /** Its record in this process. */
  readonly log: Log
  readonly timing: StreamTiming
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

/** A stream's place in a store: the tenant is part of it. */
export interface StreamName {
  readonly tenant: string
  readonly id: string
}

/** What a stream may be looked up by. */
export type StoreRef = StreamName | { tenant: string; key: string }

/**
 * What a look-up is for. `look`: facts and positions; the log need hold no events. `read`: all that is kept, and the log
 * goes on while it has readers. `fresh`: the same, and the store is asked whether this process still produces it, where it
 * believes so.
 */
export type LookUp = 'look' | 'read' | 'fresh'

/**
 * Answer to a close. `closed`: the stream has this end, at this position; `first` says whether this call put it there.
 * `attended`: it was to be closed for want of readers, and has some.
 */
export type Closing =
  | { is: 'closed'; first: boolean; end: EndEvent; epoch: number; seq: number }
  | { is: 'attended' }
  | { is: 'missing' }

/** How a close is to be made. */
export interface CloseOptions {
  /** Only if no other process has a reader. */
  unlessAttended?: boolean | undefined
  /** Only while this epoch stands: a producer ends its own stream, never that of its successor. */
  epoch?: number | undefined
}

/** What a store asks of each sluice that uses it, when streams of other processes are left without one. */
export interface StoreHost {
  /** Whether the source of this name can be run here. */
  canRun(source: string): boolean
  /**
   * A stream was taken over for this process: takes a place for it, and gives what runs its source from where it stands, once
   * the store follows its log. Throws where it cannot be run here after all: the store gives the stream back.
   */
  takeOver(stream: StoredStream): () => void
  /** Whether this process has something to do after a stream's end. */
  readonly settles: boolean
  /** A stream has ended and nobody has settled it. Resolves with whether that is done. */
  settle(stream: StoredStream): Promise<boolean>
}

/**
 * Keeps streams durable and alike across instances. Every step that decides something (begin, close, renew) is one
 * atomic step of the record machine inside the store.
 *
 * Whoever produces a stream appends to the log that `begin` gave, and no more than that: a store in this process has it
 * with the append, a remote one follows the log and says what it has with {@link Log.storedUpTo}. It tells a log of what
 * happens to its stream elsewhere: an end, readers, messages, loss.
 */
export interface Store {
  readonly name: string
  /** True when other processes can serve these streams too. */
  readonly shared: boolean
  /** Begins a stream, unless its key is held by a live one or its idempotency key was used before. */
  begin(facts: StreamFacts, keeping: Keeping): MaybePromise<Begun>
  /** Looks up a stream, or the tombstone of one that is not kept any more. */
  find(ref: StoreRef, lookUp?: LookUp): MaybePromise<Found>
  /** Ends a stream from outside its producer, fenced: what the producer appends later is refused. */
  close(stream: StreamName, end: EndEvent, options?: CloseOptions): MaybePromise<Closing>
  /** Forgets what a stream said, leaving a tombstone. Closed before. */
  erase(stream: StreamName): MaybePromise<void>
  /** Renews the leases of streams produced here; gives those that are not ours any more. */
  renew(streams: readonly StreamName[], leaseMs: number): MaybePromise<readonly StreamName[]>
  /** Gives a message to a source that runs in another process. `false`: its inbox is full. */
  send?(stream: StreamName, message: Json): MaybePromise<boolean>
  /** Grants credit up to `seq` to the readers of a name, also after the end; gives about how many processes have some. */
  grant?(stream: StreamName, reader: string, seq: number): MaybePromise<number>
  /** A sluice uses this store from now on. */
  serve?(host: StoreHost): void
  /** A stream that was produced here has been settled. */
  settled?(stream: StreamName): MaybePromise<void>
  /** Bytes held here, and how many streams they belong to, and how many of these still run. */
  usage(): { bytes: number; streams: number; live: number }
  /** Whether the store answers; `ok` for one in this process. */
  health?(): StoreHealth
  /** Lets go of timers and connections. Streams of a store in memory are gone with it. */
  dispose(): MaybePromise<void>
}

/**
 * How a remote store is doing. `degraded`: it answers, and does not wake this process, which looks at streams instead; or it
 * does not answer, and local readers are served without it.
 */
export type StoreHealth = 'ok' | 'down' | 'degraded'
