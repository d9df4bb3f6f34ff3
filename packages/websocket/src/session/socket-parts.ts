import type { Connection, Sink } from '@sluice/core/extend'

import type { ControlLane } from './control-lane.ts'
import type { SocketDialect } from '../message/dialect.ts'
import type { Admitted } from '../handshake/handshake.ts'
import type { ResolvedWebSocketHandlerOptions } from '../handshake/options.ts'
import type { Readings } from './reading.ts'

/** What the requests of one socket share. */
export interface SocketParts {
  readonly options: ResolvedWebSocketHandlerOptions
  readonly dialect: SocketDialect
  readonly admitted: Admitted
  readonly sink: Sink
  readonly connection: Connection
  readonly lane: ControlLane
  readonly readings: Readings
  /** Tells this socket's readings from those of all others. */
  readonly socketName: string
  /** True once nothing new is started here. */
  readonly draining: boolean
  /** Is told that a reading is over. */
  readonly readingOver: () => void
}
