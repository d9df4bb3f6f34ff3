import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'

import type { ResolvedRedisStoreOptions } from './redis-store-options.ts'
import type { RedisTarget } from './redis-url.ts'

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
  retryStrategy: (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000) + Math.random() * 50,
} as const

/** What a connection is for. */
export type Purpose = 'commands' | 'listening'

/** A connection of our own, with settings that the store relies on. `failed` is told why there is none. */
export function connect(
  options: ResolvedRedisStoreOptions,
  purpose: Purpose,
  failed: (error: Error) => void,
): Redis | Cluster {
  const settings = {
    ...SETTINGS,
    reconnectOnError(error: Error): false | 2 {
      if (!error.message.startsWith('READONLY')) return false
      failed(error)
      // A primary that was made a replica: its successor is where the client finds its server now.
      return 2
    },
  }
  const client = open(options, purpose, settings)
  reportFailures(client, failed)
  return client
}

type Settings = typeof SETTINGS & Pick<RedisOptions, 'reconnectOnError'>

function open(options: ResolvedRedisStoreOptions, purpose: Purpose, settings: Settings): Redis | Cluster {
  const { target, client } = options
  if (target) return connectTo(target, options, purpose, settings)
  // The prefix of a client is in ours: names of channels in scripts, which no client changes, have it, too.
  const keyPrefix = ''
  if (client instanceof Cluster) {
    const { stringNumbers } = settings
    return client.duplicate(undefined, {
      ...clusterSettings(purpose),
      keyPrefix,
      redisOptions: { keyPrefix, stringNumbers },
    })
  }
  return client!.duplicate({ ...settings, keyPrefix })
}

function connectTo(
  target: RedisTarget,
  { tls }: ResolvedRedisStoreOptions,
  purpose: Purpose,
  settings: Settings,
): Redis | Cluster {
  const { kind, nodes, username, password, db, family, name } = target
  const secured = target.tls ? { tls: { ...tls } } : {}
  const common = { ...settings, ...secured, username, password, ...(family === undefined ? {} : { family }) }
  if (kind === 'cluster') {
    return new Cluster([...nodes], {
      ...clusterSettings(purpose),
      // A certificate is made out to a name: it is not replaced by its address before TLS has seen it.
      ...(target.tls ? { dnsLookup: (host, found) => found(null, host) } : {}),
      redisOptions: { ...secured, username, password, ...(family === undefined ? {} : { family }) },
    })
  }
  if (kind === 'server') return new Redis({ ...common, ...nodes[0], db })
  const { sentinelUsername, sentinelPassword } = target
  return new Redis({
    ...common,
    db,
    name: name!,
    sentinels: [...nodes],
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(target.tls ? { sentinelTLS: { ...tls }, enableTLSForSentinelMode: true } : {}),
  })
}

/**
 * How often who owns which slot is asked for again. A node that gave one away tells its subscribers at once, but the node that
 * is asked then may not have heard of it yet, and only an answer that has changed leads to the new owner.
 */
const SLOTS_REFRESH_MS = 5_000

function clusterSettings(purpose: Purpose): ClusterOptions {
  const listens = purpose === 'listening'
  return {
    enableAutoPipelining: true,
    lazyConnect: false,
    shardedSubscribers: listens,
    // A replica knows what was written a while ago.
    scaleReads: 'master',
    clusterRetryStrategy: SETTINGS.retryStrategy,
    ...(listens ? { slotsRefreshInterval: SLOTS_REFRESH_MS } : {}),
  }
}

/** Tells why there is no connection, whatever ioredis tells it by. */
function reportFailures(client: Redis | Cluster, failed: (error: Error) => void): void {
  outliveErrors(client)
  let sentinelError: Error | undefined
  client.on('sentinelError', (error: Error) => (sentinelError = error))
  // What it says of Sentinels that are all unreachable has no reason where one was reached and knows no such primary.
  client.on('error', (error: Error) =>
    failed(error.message.startsWith('All sentinels are unreachable') ? (sentinelError ?? error) : error),
  )
}

/**
 * ioredis listens for one error of a socket. One of TLS may have two, as where a certificate is not trusted and the connection
 * is then given up; the second would end the process.
 */
function outliveErrors(client: Redis | Cluster): void {
  if (isCluster(client)) return void client.on('+node', outliveErrors)
  client.on('error', () => client.stream?.on('error', ignore))
}

/** Closes a client for good. */
export function end(client: Redis | Cluster): void {
  if (!isCluster(client)) client.stream?.on('error', ignore)
  client.disconnect()
}

/** Whether keys are on several servers; of a client that is not connected yet this is known, too. */
export function isCluster(client: Redis | Cluster): client is Cluster {
  return client instanceof Cluster
}

/** Whether this is how ioredis reports a command that never left. */
export function isUnsent(message: string): boolean {
  return message.startsWith("Stream isn't writeable")
}

/** Whether this is how ioredis reports a reply to no command. */
export function isUnasked(error: Error): boolean {
  return error.message.startsWith('Command queue state error')
}

/** What a connection that is being made still waits for; `undefined` where none is. Of a cluster's many this is not known. */
export function awaitedBy(client: Redis | Cluster): string | undefined {
  if (client.status !== 'connecting' || !('stream' in client)) return undefined
  return client.stream?.connecting === false ? 'The TLS handshake was not answered' : 'connect ETIMEDOUT'
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
  if (isCluster(client)) return
  const { status } = client
  if (status === 'ready' || status === 'connect' || status === 'connecting') client.disconnect(true)
}

function ignore(): void {}
