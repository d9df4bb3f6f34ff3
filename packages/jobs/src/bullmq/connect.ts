import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'

import type { ResolvedRedisJobsOptions } from './redis-jobs-options.ts'

/** What a connection is for: documents, their changes, or BullMQ. */
export type Purpose = 'commands' | 'listening' | 'bull'

const COMMON = {
  lazyConnect: false,
  maxRetriesPerRequest: null,
  stringNumbers: false,
  // A peer that is gone does not answer a polite goodbye either.
  disconnectTimeout: 200,
  retryStrategy: (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000) + Math.random() * 50,
} as const

/** Where a command is asked again by whoever has given it, within its own time: nothing is sent once that is over. */
const OWN_RETRIES = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // What was under way is rejected whenever the connection closes.
  maxRetriesPerRequest: 0,
  // `Changes` does that; ioredis would leave a rejection unhandled when the connection is lost in that moment.
  autoResubscribe: false,
} as const

/** A connection of our own. `failed` is told why there is none. */
export function connect(
  options: ResolvedRedisJobsOptions,
  purpose: Purpose,
  failed: (error: Error) => void,
): Redis | Cluster {
  const client = open(options, { ...COMMON, ...(purpose === 'bull' ? {} : OWN_RETRIES), ...masterOnly(failed) })
  outliveErrors(client)
  client.on('error', failed)
  return client
}

function open({ target, connection, tls }: ResolvedRedisJobsOptions, settings: RedisOptions): Redis | Cluster {
  const keyPrefix = ''
  if (connection instanceof Cluster) {
    const redisOptions = { ...connection.options.redisOptions, keyPrefix, maxRetriesPerRequest: null }
    return connection.duplicate(undefined, { ...clusterSettings(), keyPrefix, redisOptions })
  }
  if (connection) return (connection as Redis).duplicate({ ...settings, keyPrefix })
  const { kind, nodes, username, password, db, name, family, tls: isSecured } = target!
  const secured = isSecured ? { tls: { ...tls } } : {}
  const login = {
    ...secured,
    ...(username && { username }),
    ...(password && { password }),
    ...(family !== undefined && { family }),
  }
  if (kind === 'cluster') {
    return new Cluster([...nodes], {
      ...clusterSettings(),
      // A certificate is made out to a name: it is not replaced by its address before TLS has seen it.
      ...(isSecured ? { dnsLookup: (host, found) => found(null, host) } : {}),
      redisOptions: { ...login, maxRetriesPerRequest: null },
    })
  }
  if (kind === 'server') return new Redis({ ...settings, ...login, ...nodes[0], db })
  const { sentinelUsername, sentinelPassword } = target!
  const ofSentinels = {
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(isSecured && { sentinelTLS: { ...tls }, enableTLSForSentinelMode: true }),
  }
  return new Redis({ ...settings, ...login, ...ofSentinels, db, name: name!, sentinels: [...nodes] })
}

function clusterSettings(): ClusterOptions {
  // A replica knows what was written a while ago.
  return { lazyConnect: false, scaleReads: 'master', clusterRetryStrategy: COMMON.retryStrategy }
}

/** A primary that was made a replica: its successor is where the client finds its server now. */
function masterOnly(failed: (error: Error) => void): Pick<RedisOptions, 'reconnectOnError'> {
  return {
    reconnectOnError(error) {
      if (!error.message.startsWith('READONLY')) return false
      failed(error)
      return 1
    },
  }
}

/**
 * ioredis listens for one error of a socket. One of TLS may have two, as where a certificate is not trusted and the connection
 * is then given up; the second would end the process.
 */
function outliveErrors(client: Redis | Cluster): void {
  if (isCluster(client)) return void client.on('+node', outliveErrors)
  client.on('error', () => client.stream?.on('error', ignore))
}

export function isCluster(client: Redis | Cluster): client is Cluster {
  return client instanceof Cluster
}

/** Closes a client for good. */
export function end(client: Redis | Cluster): void {
  if (!isCluster(client)) client.stream?.on('error', ignore)
  client.disconnect()
}

/** Nothing more is read from its connection; it is made anew. */
export function reconnect(client: Redis | Cluster): void {
  // While it is being made anew, ioredis would not go on with that.
  if (!['ready', 'connect', 'connecting'].includes(client.status)) return
  if (isCluster(client)) {
    if (client.status === 'ready') client.disconnect(true)
  } else if (client.stream) client.stream.destroy()
  else client.disconnect(true)
}

function ignore(): void {}
