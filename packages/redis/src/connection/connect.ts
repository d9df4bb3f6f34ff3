import { Cluster, Redis } from 'ioredis'

import type { ResolvedRedisStoreOptions } from './redis-store-options.ts'

const SETTINGS = {
  // A lazy connection would never be made: commands wait until there is one.
  lazyConnect: false,
  // What is sent in one turn travels together already, at less cost: see `TurnCork`.
  enableAutoPipelining: false,
  // No queue grows while there is no connection. A command that was sent and not answered is sent again: every script
  // may run twice.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: true,
  maxRetriesPerRequest: null,
  // `Subscriptions` does that; ioredis would leave a rejection unhandled when the connection is lost in that moment.
  autoResubscribe: false,
  // Counts and times are compared as numbers.
  stringNumbers: false,
  // A peer that is gone does not answer a polite goodbye either.
  disconnectTimeout: 200,
  // A primary that was made a replica: its successor is where the client finds its server now.
  reconnectOnError: (error: Error): false | 2 => (error.message.startsWith('READONLY') ? 2 : false),
  retryStrategy: (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000) + Math.random() * 50,
} as const

/** A connection of our own, with settings that the store relies on. */
export function connect({ url, client }: ResolvedRedisStoreOptions): Redis | Cluster {
  if (url !== undefined) return new Redis(url, SETTINGS)
  if (client instanceof Cluster) return client.duplicate(undefined, { enableAutoPipelining: true, lazyConnect: false })
  return client!.duplicate(SETTINGS)
}

/** Whether this is how ioredis reports a command that never left. */
export function isUnsent(message: string): boolean {
  return message.startsWith("Stream isn't writeable")
}

/** Whether this is how ioredis reports a reply to no command. */
export function isUnasked(error: Error): boolean {
  return error.message.startsWith('Command queue state error')
}

/** Whether a connection was dropped or has broken, and there is no other yet. Of a cluster's many this is not known. */
export function isDropped(client: Redis | Cluster): boolean {
  return 'stream' in client && client.stream.destroyed
}

/** Drops a connection at once and makes it anew: nothing more is read from it. A cluster's are all dropped. */
export function dropConnection(client: Redis | Cluster): void {
  if ('stream' in client) client.stream.destroy()
  else if (client.status === 'ready') client.disconnect(true)
}

/**
 * Makes a connection anew whose peer does not answer. TCP would keep it for a quarter of an hour, while a server that
 * answers may be there already: behind the same address, or where sentinels report it. A cluster finds its nodes itself.
 */
export function reconnect(client: Redis | Cluster): void {
  if (client instanceof Cluster) return
  const { status } = client
  if (status === 'ready' || status === 'connect' || status === 'connecting') client.disconnect(true)
}
