import {
  GRPC_JS,
  NAIVE,
  RAW_WS,
  SLUICE,
  SLUICE_GRPC,
  SLUICE_WS,
  WAITING,
  WAITING_WS,
} from '../../contestants/roster.ts'
import type { Contestant } from '../../contestants/roster.ts'

function called(name: string, contestant: Contestant): Contestant {
  return { ...contestant, name }
}

/** The rows of the table, under the names that people give them. The first is what all others stand beside. */
export const SSE_NAIVE: Contestant = called('SSE, naive', NAIVE)
export const SSE_WAITING: Contestant = called('SSE + backpressure', WAITING)
export const ADAPTIVE: Contestant = called('adaptive + backpressure (sluice, SSE)', SLUICE)

export const TRANSPORTS: readonly Contestant[] = [
  SSE_NAIVE,
  called('WebSocket, naive', RAW_WS),
  SSE_WAITING,
  called('WebSocket + flow control', WAITING_WS),
  ADAPTIVE,
  called('gRPC (grpc-js, waits)', GRPC_JS),
  called('sluice, WebSocket', SLUICE_WS),
  called('sluice, gRPC', SLUICE_GRPC),
]
