import { parseRedisUrl, REDIS_URL_RULE } from '@sluice/redis/url'

import type { RedisSettings } from './gateway-options.ts'
import { duration, type OptionRow, type OptionRows } from './option-row.ts'
import { parseHost } from './option-values.ts'

const DAY_MS = 86_400_000

/** Where Redis is, and how it is reached. */
export const REDIS_ROWS: OptionRows<RedisSettings> = {
  redis: {
    flag: '--redis',
    variable: 'SLUICE_REDIS_URL',
    value: '<url>',
    rule: REDIS_URL_RULE,
    example: 'redis://127.0.0.1:6379/0',
    help: 'Redis that keeps streams, a server, a Cluster (redis+cluster://) or what Sentinels watch (redis+sentinel://); without it they live in memory',
    // As it is: it may hold a password, and the store reads it again.
    parse: (text) => (parseRedisUrl(text) ? text : undefined),
  },
  redisCa: file('--redis-ca', 'ca.pem', 'Authorities in PEM that have signed the certificate of Redis'),
  redisCert: file('--redis-cert', 'client.pem', 'Client certificate in PEM that Redis is shown; needs --redis-key'),
  redisKey: file('--redis-key', 'client.key', 'Key in PEM of --redis-cert'),
  redisServerName: {
    flag: '--redis-server-name',
    variable: 'SLUICE_REDIS_SERVER_NAME',
    value: '<name>',
    rule: 'a host name without scheme and port',
    example: 'redis.internal',
    help: 'Name that the certificate of Redis is made out to, where it is not the host of the URL',
    parse: parseHost,
  },
  redisWaitMs: duration({
    flag: '--redis-wait-ms',
    min: 0,
    max: DAY_MS,
    example: 10_000,
    help: 'How long the start waits for a Redis that cannot be reached yet',
  }),
}

function file(flag: string, example: string, help: string): OptionRow<string> {
  return {
    flag,
    variable: `SLUICE_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`,
    value: '<file>',
    rule: 'the path of a file in PEM',
    example,
    help,
    parse: (text) => text,
  }
}
