import type { Sink } from '@sluice/core/extend'

/** The peer of a sink. It reads nothing until it is told to. */
export interface SinkClient {
  /** Everything of the body that has arrived, framing removed. */
  received(): Uint8Array | string
  /** Settles when the transport is over for the client: whether it ended politely, all complete. Never rejects. */
  readonly endedCleanly: Promise<boolean>
  /** Reads from now on. */
  resume(): void
  /** Reads no more, and stays. */
  pause(): void
  /** Leaves without a word. */
  destroy(): void
}

/** A sink whose transport is open, and what can be seen from outside it. */
export interface OpenedSink {
  readonly sink: Sink
  readonly client: SinkClient
  /** Settles when the sink's owner is told that the transport is over, however it went. */
  readonly lost: Promise<void>
  /** How often the owner was told. */
  losses(): number
  /** Bytes queued in this process, where the transport can tell. */
  queuedBytes?(): number
  /** Listeners that the sink has added to its transport and that are still there, where they can be counted. */
  listeners?(): number
  /** Closes what is still open. */
  cleanup(): Promise<void>
}

/** A transport under test: how to open a sink on it, and what it can do. */
export interface SinkDriver {
  /** Opens a transport of its own for one case, with a client at its other end. */
  open(): Promise<OpenedSink>
  /** Bytes that the sink may queue, at least 2048. The one write that goes over it is excepted. */
  queueBytes: number
  /**
   * Bytes that may be under way outside this process (a kernel's buffers) before the sink notices that nobody reads.
   *
   * @defaultValue 33554432
   */
  transportBytes?: number | undefined
  /**
   * False for a sink that takes everything and never asks to wait.
   *
   * @defaultValue true
   */
  waits?: boolean | undefined
  /**
   * False for a sink that has no owner to tell that the transport is over.
   *
   * @defaultValue true
   */
  tellsLoss?: boolean | undefined
}
