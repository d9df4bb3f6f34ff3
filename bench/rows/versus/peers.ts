import type { Contestant } from '../../contestants/roster.ts'
import {
  CONNECT,
  GRPC_JS,
  NAIVE,
  RAW_WS,
  SLUICE,
  SLUICE_CANCELLING,
  SLUICE_GRPC,
  SLUICE_WS,
  SOCKET_IO,
  SSE_PEERS,
} from '../../contestants/roster.ts'
import type { Floor } from '../../trials/row.ts'

/** What all others stand beside. */
export const RAW_HTTP: Contestant = { ...NAIVE, name: 'raw node:http' }
const OURS: readonly Contestant[] = [SLUICE, SLUICE_WS, SLUICE_GRPC]

/** Everybody, in the order of the tables: over SSE, over WebSocket, over gRPC; then sluice on each. */
export const PEERS: readonly Contestant[] = [RAW_HTTP, ...SSE_PEERS, RAW_WS, SOCKET_IO, GRPC_JS, CONNECT, ...OURS]

/** The same, each as it is set up where a reader's leaving is to stop the source. */
export const CANCELLING_PEERS: readonly Contestant[] = [
  ...PEERS.filter((contestant) => !OURS.includes(contestant)),
  SLUICE_CANCELLING,
  ...OURS.slice(1).map((contestant) => ({ ...contestant, options: { onDisconnect: 'cancel' as const } })),
]

/** A figure of sluice's beside that of the raw server; no bound, for others' figures are not ours to promise. */
export function shown(what: string, metric: string, unit: string): Floor {
  return { what, metric, contestant: SLUICE, compare: 'ratio', against: RAW_HTTP, unit }
}
