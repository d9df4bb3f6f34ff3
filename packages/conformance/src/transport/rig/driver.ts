import type { Principal, Sluice, Source, Store, StreamEvent } from '@sluice/core'
import type { Closed, MaybePromise, Opened } from '@sluice/core/extend'

import type { RefusalCode } from './refusal.ts'

/** What a reader is told: an event, or a notice. An event has the cursor after it; `closed` may have one; `opened` has its own. */
export type NativeEvent = (StreamEvent | Opened | Closed) & { cursor?: string | undefined }

/** How a transport ends a reading, apart from its events. */
export interface ReadingOver {
  /** Whether it ended as the transport ends an answer of which all was said; false where it broke off. */
  readonly polite: boolean
  /**
   * Whether the transport's own status says that the stream is complete: gRPC's OK, `Sluice-End: stop`. Left out where
   * the answer has no such status.
   */
  readonly complete?: boolean | undefined
  /** What was said, for messages of tests: a status, a close code. */
  readonly told?: string | undefined
}

/** One reading, as its client has received it. */
export interface TransportReading {
  /** All there has been, in order; heartbeats are none. */
  readonly events: readonly NativeEvent[]
  /** Settles when nothing more can come. Never rejects. */
  readonly over: Promise<ReadingOver>
  /**
   * Signs of life that were no events, heartbeats or pings, on the connection of this reading: for each, how many events
   * had come before it.
   */
  readonly beats: readonly number[]
  /** Leaves this reading in the way that the transport has for it. */
  detach(): void
}

/** What a client may say when it attaches: which stream, by id or cursor, and where in it to go on. */
export type AttachAsked = ({ readonly id: string } | { readonly cursor: string }) & {
  /** A cursor, or `now`. */
  readonly after?: string | undefined
  /** How many events past its beginning may be sent before {@link TransportClient.ack} grants more. */
  readonly credit?: number | undefined
}

/** What one poll was answered. */
export interface PollAnswer {
  /** What there was after the cursor, or the one notice that reading cannot go on. */
  readonly events: readonly NativeEvent[]
  /** Where the next poll goes on; left out where nothing follows from there. */
  readonly cursor?: string | undefined
  /** The reason of the stream's end, where nothing is left to read. */
  readonly nothingLeft?: string | undefined
}

/**
 * A client, with connections of its own. It has one reading at a time. What is refused rejects with a
 * `TransportRefusal`.
 */
export interface TransportClient {
  /** Starts what the server's `run` gives, and reads it. Resolves once the reading is open. */
  start(): Promise<TransportReading>
  /** Joins a stream. Resolves once the reading is open, or when it is known that there is nothing to read. */
  attach(asked: AttachAsked): Promise<TransportReading>
  /** Ends a stream for everyone; gives its end as it was acknowledged. */
  cancel(id: string): Promise<{ readonly reason: string; readonly cause?: string | undefined }>
  /**
   * Grants the open reading, which was attached with a `credit`, so many events past the cursor. Resolves once that has
   * been said. Left out by a transport without a way back: its credit is what it attached with.
   */
  ack?(granted: { readonly cursor: string; readonly credit: number }): Promise<void>
  /**
   * Polls once, beside the reading there may be. Left out where a connection is what a reading lives on.
   *
   * `wait` is sent as it is: seconds, where it makes sense. `reader` names whose credit counts.
   */
  poll?(asked: AttachAsked & { readonly wait: string; readonly reader?: string | undefined }): Promise<PollAnswer>
  /** Takes nothing from its connections any more, and stays. */
  pause(): void
  /** Goes on after {@link TransportClient.pause}. */
  resume(): void
  /** Cuts all of its connections, without a word. Idempotent. */
  drop(): void
}

/** What a server is made of. */
export interface ServeParts {
  readonly sluice: Sluice
  /** Who shows a credential; `undefined` for a stranger. */
  readonly identify: (credential: string | undefined) => Principal | undefined
  /** Makes the source of whatever is started. */
  readonly run: () => Source
  /**
   * For a transport that asks its peers whether they are there: how often, in milliseconds. Clients that poll wait so long,
   * in whole seconds.
   */
  readonly pingMs: number
}

/** A server of one transport. */
export interface ServedTransport {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number
  /** A client that shows `credential`, by way of `port` where that is another one: a proxy's. */
  connect(options: { readonly credential: string; readonly port?: number | undefined }): MaybePromise<TransportClient>
  /** Drains the sluice and what the transport has of its own, as the server's owner does on SIGTERM. */
  drain(withinMs: number): Promise<void>
  /** Cuts all connections, and listens no more. */
  close(): Promise<void>
}

/** A transport under test: how to serve a sluice, with clients that know the server by its wire alone. */
export interface TransportDriver {
  /** Serves a sluice as `parts` say; resolves once clients can reach it. */
  serve(parts: ServeParts): Promise<ServedTransport>
  /** What a refusal looks like, by its code: an HTTP status, the name of a gRPC status. */
  readonly refusals: Readonly<Record<RefusalCode, number | string>>
  /**
   * How a client sees that a silent server is alive: by heartbeats among the data, as often as `reader.heartbeatMs` says, by
   * pings of the protocol itself, every `pingMs`, or, where it asks again and again, by answers without an event.
   */
  readonly beats: 'heartbeats' | 'pings' | 'answers'
  /**
   * True where the server asks its peers whether they are there, so that one that vanished is noticed though nothing is
   * written to it. False: the stall deadline notices it, once enough was written.
   */
  readonly asksPeers: boolean
  /** How a reader whose cursor is at the end of an ended stream is told so: by the `end` once more, or by a status alone. */
  readonly nothingLeft: 'end' | 'status'
  /**
   * Bytes that may be under way to a client that does not read: windows, and kernels' buffers.
   *
   * @defaultValue 33554432
   */
  readonly transportBytes?: number | undefined
}

/** Where the streams of a suite are kept. */
export interface TransportStores {
  /** For the names of tests. */
  readonly name: string
  /** Makes an empty store, which shares nothing with those made before. */
  create(): MaybePromise<Store>
  /**
   * Makes another store on the data of one that `create` has made: what another instance would have. With it streams are
   * started at one instance and attached to at another. Left out: one instance does both.
   */
  another?: ((store: Store) => MaybePromise<Store>) | undefined
}
