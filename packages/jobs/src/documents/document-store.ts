import type { Json } from '@sluice/core'
import type { MaybePromise } from '@sluice/core/extend'

/** Which document. */
export interface DocumentName {
  /** What it is: `job`, `delivery`. At most 32 characters of `a-z` and `-`. */
  readonly kind: string
  /** At most 128 characters of `A-Za-z0-9_-`. */
  readonly id: string
}

/** How a document is found without its id. */
export interface DocumentPlace {
  /** Whose it is: lists, counts and bounds are per scope. Any text; {@link scopeOf} makes one of a principal. */
  readonly scope: string
  /** A word for what is to be done with it: `queued`, `ended`. Of a kind and scope, documents are listed by it. */
  readonly state: string
  /** Those with more are claimed first; a whole number from -1000 to 1000. Default 0. */
  readonly priority?: number | undefined
}

/** A document as it is kept. */
export interface StoredDocument extends DocumentName, DocumentPlace {
  /** 1 when it is written first, one more with every write. A claim does not change it. What was removed begins at 1 again. */
  readonly version: number
  /** How often it was claimed. */
  readonly lease: number
  readonly value: Json
  /** Wall-clock time of the first write, by the store's clock, in milliseconds since 1970. */
  readonly createdAtMs: number
}

/** What becomes of one document. */
export interface DocumentWrite extends DocumentName {
  /** The version it has; 0: it is not there. With another one nothing is written. A document is written once in one call. */
  readonly after: number
  /** What it says from now on; left out: it is removed. */
  readonly value?: Json | undefined
  /** Where it is found from now on. Required with a value. */
  readonly place?: DocumentPlace | undefined
  /** When it may be claimed, in milliseconds from now. Default: never. */
  readonly dueInMs?: number | undefined
  /** When it is forgotten, in milliseconds from now. Default: never. */
  readonly forgetInMs?: number | undefined
}

/** How many documents there may be once a write is done. */
export interface DocumentBound {
  readonly kind: string
  /** Left out: those of all scopes. */
  readonly scope?: string | undefined
  readonly state: string
  readonly atMost: number
}

/** Answer to a write. `conflict`: a version is another one. `full`: there would be more than `bound` allows. Nothing was written then. Of both, `conflict` is said. */
export type Written =
  | { readonly is: 'ok' }
  | { readonly is: 'conflict' }
  | { readonly is: 'full'; readonly bound: DocumentBound }

/** Which documents are claimed. */
export interface ClaimOptions {
  readonly kind: string
  /** One of the states they are in. */
  readonly from: readonly string[]
  /** The state they are in afterwards. */
  readonly to: string
  /** For how long nobody else can claim them. */
  readonly leaseMs: number
  readonly limit: number
  /** How many documents of one scope may be in the state `to`. Default: any number. Those already in it are claimed in any case. */
  readonly perScope?: number | undefined
  /** This one alone, though others are before it; all else holds for it, too. */
  readonly id?: string | undefined
  /** Only such as were written first so long ago, due or not, in any order; but none that somebody has the lease of. Default: those that are due. */
  readonly olderThanMs?: number | undefined
}

/** Which documents are listed. */
export interface ListOptions {
  readonly kind: string
  readonly scope: string
  /** Default: all. */
  readonly state?: string | undefined
  /** The last id of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}

/**
 * Small documents of JSON with a version, an owner, a state and a time when something is to be done with them: what jobs, webhooks and
 * batches are kept in. A write is on the disk, or with Redis, when it settles. What is not there any more, and what was never
 * there, are alike. Names, times and numbers that break their rule are refused with `SLUICE_ERR_OPTION` before anything is done.
 *
 * All stores pass one suite: `test/documents/suite/`.
 */
export interface DocumentStore {
  readonly name: string
  /** Whether other processes have these documents, too. */
  readonly shared: boolean
  /** The document, if it is there. */
  read(name: DocumentName): MaybePromise<StoredDocument | undefined>
  /** Does all of the writes, or none. */
  write(writes: readonly DocumentWrite[], bounds?: readonly DocumentBound[]): MaybePromise<Written>
  /**
   * Newest first, and of one millisecond, those with the greatest id; `more` says whether there are others after these. An `after` that is
   * not there any more, or in another scope: from the newest. Its state does not matter.
   */
  list(options: ListOptions): MaybePromise<{ readonly documents: readonly StoredDocument[]; readonly more: boolean }>
  /** How many there are. Without a scope: those of all. */
  count(kind: string, options: { readonly scope?: string | undefined; readonly state: string }): MaybePromise<number>
  /**
   * Takes documents that are due, by priority, then by time: each is given to one caller, whose lease it has. When the lease is over
   * they are due again.
   */
  claim(options: ClaimOptions): MaybePromise<readonly StoredDocument[]>
  /**
   * The lease goes on for `leaseMs`, though it was over. `false`: it was claimed again, was written into another state or with no time when
   * it is due, or is gone. Whoever has the lease and writes, says the state that it has and a new time.
   */
  renew(name: DocumentName, lease: number, leaseMs: number): MaybePromise<boolean>
  /** In how many milliseconds something of this kind and these states is due; `undefined`: nothing is. 0: now. */
  nextDueInMs(kind: string, states: readonly string[]): MaybePromise<number | undefined>
  /**
   * Has `listener` called with the id whenever a document of this kind may have been written or removed; a claim is no change. Calls
   * come later than the write, and may be lost. Gives what ends it.
   */
  watch(kind: string, listener: (id: string) => void): () => void
  /** Ends all watching, timers and connections of its own; whoever asks later is told `SLUICE_ERR_STORE`. Idempotent. */
  close(): Promise<void>
}
