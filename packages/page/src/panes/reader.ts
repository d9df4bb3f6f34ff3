import type { ClientOptions, Transport } from '@sluice/client'

import type { Meter } from '../network/meter.ts'
import type { Reach } from '../network/simulated-network.ts'
import type { Server } from '../server/server.ts'
import type { Pane } from './pane.ts'
import type { Renderer } from './renderer.ts'
import type { Trail } from './trail.ts'

/** What each way of reading is given. */
export interface ReaderParts {
  readonly server: Server
  /** Where the stream is. */
  readonly url: string
  readonly pane: Pane
  readonly trail: Trail
  readonly renderer: Renderer
  readonly meter: Meter
  readonly reach: Reach
  readonly transport: Transport
  readonly wishes?: ClientOptions['wishes']
}

/** A reading that is going on in a pane. */
export interface PaneReader {
  /** Reads no more. */
  stop(): void
}

/** How an answer that is over is told. */
export function describeEnd(end: {
  reason: string
  cause?: string | undefined
  complete?: boolean
  error?: { message: string } | undefined
}): string {
  if (end.complete) return 'Complete.'
  if (end.error) return `Ended with an error: ${end.error.message}`
  const why = end.cause === undefined ? '' : ` (${end.cause})`
  return end.reason === 'cancelled' ? `Cancelled${why}: the model was told to stop.` : `Ended: ${end.reason}${why}.`
}

/** What an error says to a reader. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
