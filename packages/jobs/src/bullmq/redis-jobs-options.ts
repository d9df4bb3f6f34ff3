import type { ConnectionOptions } from 'node:tls'

import { invalidOption, requireInteger, requireKnownNames, withDefault } from '@sluice/core/extend'
import type { Cluster, Redis } from 'ioredis'

import { parseRedisUrl, REDIS_URL_RULE, type RedisTarget } from '@sluice/redis/url'

/** Where jobs are kept in Redis, and how patient one is with it. */
export interface RedisJobsOptions {
  /**
   * Where Redis is: `redis://host:port/db`, `redis+cluster://host:port,host:port` or `redis+sentinel://host:port,host:port/name`,
   * each with `rediss` for TLS. This, or `connection`.
   */
  readonly url?: string | undefined
  /**
   * A client of ioredis. Its settings are used, by way of `duplicate()`; it is not used itself, and not closed. Its `keyPrefix` goes before
   * `prefix`.
   */
  readonly connection?: Redis | Cluster | undefined
  /** Authorities, a client certificate with its key, or another name to check the server's by, for a URL with `rediss`. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername'> | undefined
  /**
   * What every key and channel begins with. Its last part is put in braces: all that is kept is on one node of a Cluster. Processes with the same one
   * share their jobs. Default `sluice:jobs`: a user that may use `~sluice:*` and `&sluice:*` may use them, too.
   */
  readonly prefix?: string | undefined
  /** How long one command may take, in milliseconds. Default 5,000. */
  readonly commandMs?: number | undefined
  /** Receives what an operator should know, such as an eviction policy that can lose jobs. Default: `process.emitWarning`. */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** {@link RedisJobsOptions} with nothing left open. */
export interface ResolvedRedisJobsOptions {
  readonly target: RedisTarget | undefined
  readonly connection: Redis | Cluster | undefined
  readonly tls: NonNullable<RedisJobsOptions['tls']>
  /** With its braces. */
  readonly prefix: string
  readonly commandMs: number
  readonly onWarning: (message: string) => void
}

const NAMES: readonly string[] = ['url', 'connection', 'tls', 'prefix', 'commandMs', 'onWarning']
const DEFAULT_PREFIX = 'sluice:jobs'
const DEFAULT_COMMAND_MS = 5_000

/** @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveRedisJobsOptions(options: RedisJobsOptions): ResolvedRedisJobsOptions {
  requireKnownNames('', options, NAMES)
  const { url, connection, tls = {}, onWarning = warnProcess } = options
  if ((url === undefined) === (connection === undefined)) {
    const rule = 'a Redis URL, or left out where `connection` is given: one of the two'
    throw invalidOption('url', url === undefined ? url : 'given', rule)
  }
  const target = url === undefined ? undefined : parseRedisUrl(String(url))
  if (url !== undefined && !target) throw invalidOption('url', 'not shown: it may hold a password', REDIS_URL_RULE)
  if (connection !== undefined && typeof connection.duplicate !== 'function')
    throw invalidOption('connection', connection, 'a client of ioredis, Redis or Cluster')
  if (Object.keys(tls).length > 0 && !target?.tls)
    throw invalidOption('tls', tls, 'left out, unless `url` begins with rediss')
  if (typeof onWarning !== 'function') throw invalidOption('onWarning', onWarning, 'a function')
  const prefix = `${keyPrefixOf(connection)}${withDefault(options.prefix, DEFAULT_PREFIX)}`
  if (!/^[^{}\s]{0,199}[^{}\s:]$/.test(prefix) || typeof withDefault(options.prefix, '') !== 'string')
    throw invalidOption('prefix', prefix, '1 to 200 characters without spaces and braces, the last one no colon')
  return {
    target,
    connection,
    tls,
    prefix: tagged(prefix),
    commandMs: requireInteger('commandMs', withDefault(options.commandMs, DEFAULT_COMMAND_MS), 10, 600_000),
    onWarning,
  }
}

/** With braces around what comes last: all keys are in one slot, and begin as they were to. */
function tagged(prefix: string): string {
  const last = prefix.lastIndexOf(':') + 1
  return `${prefix.slice(0, last)}{${prefix.slice(last)}}`
}

function keyPrefixOf(connection: Redis | Cluster | undefined): string {
  // Whoever wraps a client may have given it `duplicate` alone.
  const settings = connection?.options as { keyPrefix?: string; redisOptions?: { keyPrefix?: string } } | undefined
  return settings?.keyPrefix ?? settings?.redisOptions?.keyPrefix ?? ''
}

function warnProcess(message: string): void {
  process.emitWarning(message, 'SluiceWarning')
}
