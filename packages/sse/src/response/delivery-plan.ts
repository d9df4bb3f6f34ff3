import { SluiceError } from '@sluice/core'
import type { Sink } from '@sluice/core/extend'

/** Who writes to a sink: core's `Connection`, or anything that wants to know when the transport is over. */
export interface SinkOwner {
  /** The transport is over, however it went: all sent, cut, or left by the peer. Called exactly once. */
  lost(): void
}

/** A streaming answer that is yet to be carried out: what it says first, and who writes the rest. */
export interface DeliveryPlan {
  status: number
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  /** Begins to write to `sink`. Called exactly once. */
  deliver: (sink: Sink) => SinkOwner
  /**
   * Bytes that may be queued in this process before the sink asks to wait.
   *
   * @defaultValue 16384
   */
  queueBytes?: number | undefined
}

/** Bytes a sink queues when its plan does not say. */
export const DEFAULT_QUEUE_BYTES: number = 16 * 1024

/** Fills in the default. Throws `SLUICE_ERR_OPTION` for anything but a positive integer. */
export function resolveQueueBytes(queueBytes: number = DEFAULT_QUEUE_BYTES): number {
  if (Number.isSafeInteger(queueBytes) && queueBytes > 0) return queueBytes
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    `The option queueBytes must be a positive integer and is ${String(queueBytes)}.`,
  )
}
