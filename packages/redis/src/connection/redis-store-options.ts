import { createSecureContext, type ConnectionOptions } from 'node:tls'

import { SluiceError } from '@sluice/core'
import type { Cluster, Redis } from 'ioredis'

import { parseRedisUrl, REDIS_URL_RULE, type RedisTarget } from './redis-url.ts'

/** What a TLS connection to Redis needs beyond Node's own authorities, as `tls.connect` takes it. */
export type RedisTlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername'>

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * Where Redis is: `redis://host:port/db`, `redis+cluster://host:port,host:port` or `redis+sentinel://host:port,host:port/name`,
   * each with `rediss` for TLS. This, or `client`.
   */
  url?: string | undefined
  /** Authorities, a client certificate with its key, or another name to check the server's by, for a URL with `rediss`. */
  tls?: RedisTlsOptions | undefined
  /**
   * A client of your own: its settings are used, by way of `duplicate()`; it is not used itself. Its `keyPrefix` goes before
   * `prefix`. Keep `enableOfflineQueue` off on it.
   */
  client?: Redis | Cluster | undefined
  /** Begins every key and channel. Default `sluice:`. */
  prefix?: string | undefined
  /**
   * How many bytes the streams that are produced or read in this process may take. Logs that nobody reads are removed first; then starts
   * are refused, and reading of streams that have no log here yet. Default 256 MiB.
   */
  maxBytes?: number | undefined
  /** How long one command may take, in milliseconds. Default 5,000. */
  commandMs?: number | undefined
  /** How long `ready()` waits for a Redis that cannot be reached yet, in milliseconds. Default 10,000. */
  waitMs?: number | undefined
  /** How long a stream may be silent before a process that reads it asks the store, in milliseconds. Default 1,000. */
  lookEveryMs?: number | undefined
  /**
   * When Redis does not answer: `end` the streams that are produced here after `outageMs`, or `degrade`: go on serving
   * local readers, without cursors, until it does. Default `end`.
   */
  onStoreOutage?: 'end' | 'degrade' | undefined
  /** How long Redis may be away before `onStoreOutage: 'end'` ends streams, in milliseconds. Default 30,000. */
  outageMs?: number | undefined
  /** Receives what an operator should know, such as an eviction policy that can lose streams. Default: `process.emitWarning`. */
  onWarning?: ((message: string) => void) | undefined
}

/** {@link RedisStoreOptions} with nothing left open. */
export interface ResolvedRedisStoreOptions {
  readonly target: RedisTarget | undefined
  readonly tls: RedisTlsOptions
  readonly client: Redis | Cluster | undefined
  readonly prefix: string
  readonly maxBytes: number
  readonly commandMs: number
  readonly waitMs: number
  readonly lookEveryMs: number
  readonly onStoreOutage: 'end' | 'degrade'
  readonly outageMs: number
  readonly onWarning: (message: string) => void
}

/** Defaults of {@link RedisStoreOptions}. */
export const DEFAULT_REDIS_STORE_OPTIONS: {
  readonly prefix: string
  readonly maxBytes: number
  readonly commandMs: number
  readonly waitMs: number
  readonly lookEveryMs: number
  readonly onStoreOutage: 'end' | 'degrade'
  readonly outageMs: number
} = {
  prefix: 'sluice:',
  maxBytes: 256 * 1024 * 1024,
  commandMs: 5_000,
  waitMs: 10_000,
  lookEveryMs: 1_000,
  onStoreOutage: 'end',
  outageMs: 30_000,
}

const NAMES: readonly string[] = ['url', 'tls', 'client', 'onWarning', ...Object.keys(DEFAULT_REDIS_STORE_OPTIONS)]

/** Fills what is left open and checks the rest. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveRedisStoreOptions(given: string | RedisStoreOptions | undefined): ResolvedRedisStoreOptions {
  const options = typeof given === 'string' ? { url: given } : given
  if (typeof options !== 'object' || options === null) {
    throw invalid('url', options, 'a Redis URL (is the environment variable it comes from set?), or options')
  }
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name))
  if (unknown !== undefined) throw invalid(unknown, undefined, `no option; there are ${NAMES.join(', ')}`)
  const { url, client } = options
  if ((url === undefined) === (client === undefined)) {
    throw invalid('url', url, 'a Redis URL, or left out where `client` is given: one of the two')
  }
  const target = url === undefined ? undefined : parseRedisUrl(url)
  if (url !== undefined && !target) throw invalid('url', '(not shown: it may hold a password)', REDIS_URL_RULE)
  if (client !== undefined && typeof client.duplicate !== 'function') {
    throw invalid('client', typeof client, 'a client of ioredis, Redis or Cluster')
  }
  const tls = checkTls(options.tls, target)
  const defaults = DEFAULT_REDIS_STORE_OPTIONS
  // Whoever wraps a client may have given it `duplicate` alone.
  const settings: { readonly keyPrefix?: string | undefined } | undefined = client?.options
  const prefix = `${settings?.keyPrefix ?? ''}${options.prefix ?? defaults.prefix}`
  if (typeof (options.prefix ?? '') !== 'string' || /[{}]/.test(prefix))
    throw invalid('prefix', prefix, 'a string without braces')
  const onStoreOutage = options.onStoreOutage ?? defaults.onStoreOutage
  if (onStoreOutage !== 'end' && onStoreOutage !== 'degrade') {
    throw invalid('onStoreOutage', onStoreOutage, '"end" or "degrade"')
  }
  const whole = (
    name: 'maxBytes' | 'commandMs' | 'waitMs' | 'lookEveryMs' | 'outageMs',
    min: number,
    max: number,
  ): number => {
    const value = options[name] ?? defaults[name]
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw invalid(name, value, `a whole number from ${min} to ${max}`)
  }
  return {
    target,
    tls,
    client,
    prefix,
    onStoreOutage,
    maxBytes: whole('maxBytes', 1024, 2 ** 40),
    commandMs: whole('commandMs', 10, 600_000),
    waitMs: whole('waitMs', 0, 86_400_000),
    lookEveryMs: whole('lookEveryMs', 10, 600_000),
    outageMs: whole('outageMs', 10, 86_400_000),
    onWarning: options.onWarning ?? ((message) => process.emitWarning(message, 'SluiceWarning')),
  }
}

function checkTls(tls: RedisTlsOptions = {}, target: RedisTarget | undefined): RedisTlsOptions {
  if (Object.keys(tls).length === 0) return tls
  if (!target?.tls) throw invalid('tls', 'given', 'left out, unless `url` begins with rediss')
  try {
    createSecureContext(tls)
    return tls
  } catch (error) {
    const { message } = error as Error
    throw invalid('tls', `not usable (${message})`, 'certificates in PEM, and the key that belongs to `cert`')
  }
}

function invalid(name: string, value: unknown, rule: string): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_OPTION',
    `The option "${name}" of redisStore must be ${rule}; it is ${String(value)}.`,
  )
}
