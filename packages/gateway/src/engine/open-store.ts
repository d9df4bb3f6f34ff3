import { createMemoryStore, isSluiceError, type Store, SluiceError } from '@sluice/core'
import type { RedisStore } from '@sluice/redis'

import { describeError } from '../log/describe-error.ts'
import type { Log } from '../log/log.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { readRedisTls } from '../options/redis-files.ts'

/**
 * The store of the options, once it can be used. What a gateway does not use, it does not load.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` when nothing usable answers there
 */
export async function openStore(options: GatewayOptions, log: Log): Promise<Store | RedisStore> {
  const { redis: url, memoryBytes, redisCommandMs, redisOutageMs, redisWaitMs } = options
  if (options.data !== undefined) return openDirectory(options.data, options, log)
  if (url === undefined) return createMemoryStore({ maxBytes: memoryBytes })
  try {
    const { redisStore } = await import('@sluice/redis')
    const store = redisStore({
      url,
      tls: await readRedisTls(options),
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

/** The directory of `--data`. What is wrong with it is said with the name of the option. */
async function openDirectory(directory: string, { memoryBytes, dataBytes }: GatewayOptions, log: Log): Promise<Store> {
  try {
    const { sqliteStore } = await import('@sluice/sqlite')
    return sqliteStore({
      directory,
      maxBytes: memoryBytes,
      maxFileBytes: dataBytes,
      onWarning: (message) => log.warn(message),
    })
  } catch (error) {
    if (!isSluiceError(error)) throw error
    throw new SluiceError(
      error.code,
      `The directory of --data (SLUICE_DATA) cannot be used. ${error.message} Without the option streams are kept in memory.`,
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

const LOOK_MS = 500

/** Writes a line whenever a store begins to answer, or does not any more; gives what stops that. */
export function logStoreHealth(
  store: Store,
  log: Log,
  after: (ms: number, task: () => void) => () => void,
): () => void {
  if (!store.health) return () => {}
  const name = store.shared ? 'Redis does not answer' : 'The directory of --data cannot be written'
  const back = store.shared ? 'Redis answers again' : 'The directory of --data can be written again'
  let was = 'ok'
  let sinceMs = performance.now()
  const look = (): void => {
    const is = store.health?.() ?? 'ok'
    if (is !== was) {
      const afterMs = Math.round(performance.now() - sinceMs)
      if (is === 'down') log.warn(name, { health: is })
      else if (was === 'down') log.info(back, { afterMs, health: is })
      // What degraded it, and that this is over, has a line of the store's own.
      was = is
      sinceMs = performance.now()
    }
    callOff = after(LOOK_MS, look)
  }
  let callOff = after(LOOK_MS, look)
  return () => callOff()
}
