import { connect, longPoll, measured, sse, type ClientOptions, type Transport, webSocket } from '@sluice/client'

import { byId } from '../dom/find.ts'
import type { NetworkName } from '../network/conditions.ts'
import type { Reach } from '../network/simulated-network.ts'
import type { Server } from '../server/server.ts'

export type TransportName = 'sse' | 'websocket' | 'connect' | 'long-poll'
export type ChunkingName = 'measured' | 'server' | 'token' | 'calm'

/** What the form says. */
export interface Settings {
  readonly prompt: string
  readonly transport: TransportName
  readonly chunking: ChunkingName
  readonly network: NetworkName
  readonly slow: boolean
}

/** The controls of the form. */
export const CONTROLS: {
  readonly prompt: HTMLTextAreaElement
  readonly transport: HTMLSelectElement
  readonly chunking: HTMLSelectElement
  readonly network: HTMLSelectElement
  readonly slow: HTMLInputElement
} = {
  prompt: byId<HTMLTextAreaElement>('prompt'),
  transport: byId<HTMLSelectElement>('transport'),
  chunking: byId<HTMLSelectElement>('chunking'),
  network: byId<HTMLSelectElement>('network'),
  slow: byId<HTMLInputElement>('slow'),
}

export function readSettings(): Settings {
  const { prompt, transport, chunking, network, slow } = CONTROLS
  return {
    prompt: prompt.value,
    transport: transport.value as TransportName,
    chunking: chunking.value as ChunkingName,
    network: network.value as NetworkName,
    slow: slow.checked,
  }
}

export function writeSettings(settings: Settings): void {
  CONTROLS.prompt.value = settings.prompt
  CONTROLS.transport.value = settings.transport
  CONTROLS.chunking.value = settings.chunking
  CONTROLS.network.value = settings.network
  CONTROLS.slow.checked = settings.slow
}

/** The transport of that name, for one reader. */
export function transportOf(name: TransportName, server: Server, reach: Reach): Transport {
  switch (name) {
    case 'sse':
      return sse
    case 'websocket':
      // A ticket in any case: at `localhost` a socket that shows nothing is not let in.
      return webSocket({ ticket: () => server.ticket(reach.fetch), open: reach.openSocket })
    case 'connect':
      return connect({ url: server.base.slice(0, -1) })
    case 'long-poll':
      return longPoll
    default:
      return name satisfies never
  }
}

/** How sluice's own pane is read: what it wishes of its chunks, and whether it measures. */
export function chunkingOf(
  name: ChunkingName,
  transport: Transport,
): { transport: Transport; wishes?: ClientOptions['wishes'] } {
  switch (name) {
    case 'measured':
      return { transport: measured(transport) }
    case 'server':
      return { transport }
    case 'token':
      return { transport, wishes: { maxTokens: 1 } }
    case 'calm':
      return { transport, wishes: { maxDelayMs: 120 } }
    default:
      return name satisfies never
  }
}
