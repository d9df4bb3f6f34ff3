import { readFile } from 'node:fs/promises'

import type { RedisTlsOptions } from '@sluice/redis'

import type { RedisSettings } from './gateway-options.ts'
import { REDIS_ROWS } from './redis-rows.ts'

/** The files of the options. @throws Error naming the option whose file cannot be read */
export async function readRedisTls(options: RedisSettings): Promise<RedisTlsOptions> {
  const read = async (name: 'redisCa' | 'redisCert' | 'redisKey'): Promise<Buffer | undefined> => {
    const path = options[name]
    try {
      return path === undefined ? undefined : await readFile(path)
    } catch (error) {
      throw new Error(`the file of ${REDIS_ROWS[name].flag} cannot be read`, { cause: error })
    }
  }
  const [ca, cert, key] = await Promise.all([read('redisCa'), read('redisCert'), read('redisKey')])
  const servername = options.redisServerName
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(servername !== undefined && { servername }),
  }
}
