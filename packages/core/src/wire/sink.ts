/** What an encoder makes and a sink takes: text (to be sent as UTF-8) or bytes. The empty string means nothing to send. */
export type WireBytes = string | Uint8Array

/**
 * The adapter seam: everything sluice needs to know of a transport. Write one to speak a new transport.
 *
 * A sink never queues more than its own bound, has no timer, and reports the loss of its peer by calling
 * {@link Connection.lost} of the connection it was given to.
 */
export interface Sink {
  /** Takes `bytes`. `false` means: taken, but write no more before {@link drained}. Never throws, also after a close. */
  write(bytes: WireBytes): boolean
  /** Settles when the sink can take more, or when it never will (closed, failed). Called only after `write` gave `false`. */
  drained(): Promise<void>
  /** Sends what is queued, then closes in the transport's polite way. Idempotent. */
  close(): void
  /** Gives up on the peer at once, dropping what is queued. Idempotent. */
  destroy(): void
}
