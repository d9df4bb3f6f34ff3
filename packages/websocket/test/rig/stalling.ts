import type { Socket } from 'node:net'

import type { SourceContext } from '@sluice/core'
import { untilStill } from '@sluice/testing/patience'

import type { SocketClient } from './socket-rig.ts'

/** Text of a kibibyte. */
export const KIB: string = 'x'.repeat(1_024)

/** Counts what sources were asked for. */
export interface Pulled {
  count: number
}

/** Says as much as is taken, and counts it. */
export function endless(pulled: Pulled, piece: string = KIB) {
  return async function* ({ signal }: SourceContext): AsyncGenerator<string> {
    while (!signal.aborted) {
      await new Promise((resolve) => setImmediate(resolve))
      pulled.count++
      yield piece
    }
  }
}

/** The bare socket below a client. */
export function below(client: SocketClient): Socket {
  return (client.ws as unknown as { _socket: Socket })._socket
}

/** Reads nothing until what the kernel takes is full, and the server waits. */
export async function stall(client: SocketClient, pulled: Pulled): Promise<void> {
  below(client).pause()
  await untilStill(() => pulled.count)
}
