import { readFile } from 'node:fs/promises'

import { createMemoryStore, isSluiceError, type Store, SluiceError } from '@sluice/core'
import { redisStore, type RedisStore, type RedisTlsOptions } from '@sluice/redis'

import { describeError } from '../log/describe-error.ts'
import type { Log } from '../log/log.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { REDIS_ROWS } from '../options/redis-rows.ts'

/**
 * The store of the options, once it can be used.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` when nothing usable answers there
 */
export async function openStore(options: GatewayOptions, log: Log): Promise<Store | RedisStore> {
  const { redis: url, memoryBytes, redisCommandMs, redisOutageMs, redisWaitMs } = options
  if (url === undefined) return createMemoryStore({ maxBytes: memoryBytes })
  try {
    const store = redisStore({
      url,
      tls: await readTls(options),
      maxBytes: memoryBytes,
      commandMs: redisCommandMs,
      outageMs: redisOutageMs,
      waitMs: redisWaitMs,
      onWarning: (message) => log.warn(message),
    })
    return await orDispose(store)
  } catch (error) {
    const told = isSluiceError(error) && error.code === 'SLUICE_ERR_OPTION' ? error.message : describeError(error)
    const reason = told.replace(/[.\s]+$/, '')
    throw new SluiceError(
      'SLUICE_ERR_OPTION',
      `The Redis of --redis (SLUICE_REDIS_URL) cannot be used: ${reason}. Correct that, or leave the option out to keep streams in memory.`,
      { cause: error },
    )
  }
}

async function orDispose(store: RedisStore): Promise<RedisStore> {
  try {
    await store.ready()
    return store
  } catch (error) {
    await store.dispose()
    throw error
  }
}

/** The files of the options. @throws Error naming the option whose file cannot be read */
async function readTls(options: GatewayOptions): Promise<RedisTlsOptions> {
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

const LOOK_MS = 500

/** Writes a line whenever a store begins to answer, or does not any more; gives what stops that. */
export function logStoreHealth(
  store: Store,
  log: Log,
  after: (ms: number, task: () => void) => () => void,
): () => void {
  if (!store.shared) return () => {}
  let was = 'ok'
  let sinceMs = performance.now()
  const look = (): void => {
    const is = store.health?.() ?? 'ok'
    if (is !== was) {
      const afterMs = Math.round(performance.now() - sinceMs)
      if (is === 'down') log.warn('Redis does not answer', { health: is })
      else if (was === 'down') log.info('Redis answers again', { afterMs, health: is })
      // What degraded it, and that this is over, has a line of the store's own.
      was = is
      sinceMs = performance.now()
    }
    callOff = after(LOOK_MS, look)
  }
  let callOff = after(LOOK_MS, look)
  return () => callOff()
}
