import type { Principal } from '@sluice/core'
import type { JsonLimits, Wire } from '@sluice/core/extend'

import { type ClientMessage, readClientMessage } from './client-message.ts'
import { NATIVE_WS_NAME, nativeWs } from './native-ws-wire.ts'
import type { ServerMessage } from './server-message.ts'

/** How the messages of one socket are written. What they mean is the same in every dialect. */
export interface SocketDialect {
  /** Name of the wire that streams are started on here. */
  readonly wireName: string
  /** What a client said. @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE` */
  read(bytes: Uint8Array, limits: JsonLimits): ClientMessage
  /** The key of what a client names: its own word for it, where the dialect says nothing else. */
  keyOf?(name: string, principal: Principal): Promise<string>
  /** What the client is told of a message; nothing where the dialect has no word for it. */
  write(message: ServerMessage): string
  /** The wire of a reading; `onOpened` is called with its first bytes. */
  wireOf(ref: string, onOpened: () => void): Wire
}

/** A language that sockets speak. */
export interface Dialect {
  /** The subprotocol of its clients. */
  readonly subprotocol: string
  /** Whether a client that offers no subprotocol speaks it, too. */
  readonly isPresumed: boolean
  /** What a socket remembers of what was said on it is its own. */
  open(): SocketDialect
}

/** The subprotocol this package speaks. */
export const SUBPROTOCOL = 'sluice.v1'

/** The protocol of the README. It remembers nothing. */
export const nativeDialect: Dialect = {
  subprotocol: SUBPROTOCOL,
  isPresumed: false,
  open: () => ({
    wireName: NATIVE_WS_NAME,
    read: readClientMessage,
    write: (message) => JSON.stringify(message),
    wireOf: nativeWs,
  }),
}
