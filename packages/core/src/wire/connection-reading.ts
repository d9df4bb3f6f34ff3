import type { Encoder } from './encoder.ts'

/** A reading that is carried by a connection. */
export interface ConnectionReading {
  /** When it last wrote, by `Connection.serve`; left out by one that is always served first. */
  readonly servedAt?: number
  /** The sink can take more. */
  writable(): void
  /** The connection is gone: this reading is over. */
  detached(): void
  /** The peer does not read: this reading is over, and parts from the connection. */
  stalled(): void
  /** Something of this reading's own threw: it cannot go on. */
  failed(error: unknown): void
}

/** How a transport uses its connections. */
export interface ConnectionOptions {
  /** Makes what keeps the connection alive and means nothing: an encoder, mostly. */
  beat: Pick<Encoder, 'heartbeat'>
  /** Receives what `beat` throws where several readings share the connection: none of them is over for that. */
  onFault?: ((error: unknown) => void) | undefined
  /** True where a connection serves one reading and closes with it. */
  closeWhenEmpty: boolean
}

/** How long a connection may be silent, make others wait, and take to close. `false` switches one off. */
export interface ConnectionTimes {
  readonly heartbeatMs: number | false
  readonly stallMs: number | false
  readonly closeGraceMs: number
}
