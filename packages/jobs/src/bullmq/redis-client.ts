import { Cluster, type Redis, type RedisOptions } from 'ioredis'

import { connect } from './connect.ts'
import { type RedisJobsOptions, resolveRedisJobsOptions } from './redis-jobs-options.ts'

/**
 * A client for what is kept beside jobs, such as the files of batches: it comes back by itself, and a command waits for it as long as the
 * command may take. Whoever asked for it closes it.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const client = redisClient({ url: 'redis://127.0.0.1:6379' })
 * const files = redisFiles({ client })
 * client.disconnect()
 * ```
 */
export function redisClient(options: RedisJobsOptions): Redis | Cluster {
  const resolved = resolveRedisJobsOptions(options)
  // Why there is no connection, the documents beside it say already.
  const client = connect(resolved, 'bull', () => {})
  const settings = (client instanceof Cluster ? client.options.redisOptions : client.options) as
    | RedisOptions
    | undefined
  if (settings) settings.commandTimeout = resolved.commandMs
  return client
}
