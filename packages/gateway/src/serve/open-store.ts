import { createMemoryStore, type Store, SluiceError } from '@sluice/core'
import { redisStore, type RedisStore } from '@sluice/redis'

import type { GatewayOptions } from '../options/gateway-options.ts'
import type { Log } from '../log/log.ts'

/**
 * The store of the options, once it can be used.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` when nothing usable answers there
 */
export async function openStore(options: GatewayOptions, log: Log): Promise<Store | RedisStore> {
  const { redis: url, memoryBytes, redisCommandMs, redisOutageMs } = options
  if (url === undefined) return createMemoryStore({ maxBytes: memoryBytes })
  const store = redisStore({
    url,
    maxBytes: memoryBytes,
    commandMs: redisCommandMs,
    outageMs: redisOutageMs,
    onWarning: (message) => log.warn(message),
  })
  try {
    await store.ready()
    return store
  } catch (error) {
    await store.dispose()
    const reason = error instanceof Error ? error.message : String(error)
    throw new SluiceError(
      'SLUICE_ERR_OPTION',
      `The Redis of --redis (SLUICE_REDIS_URL) cannot be used: ${reason} Start it, correct the URL, or leave the option out to keep streams in memory.`,
    )
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
      if (is === 'ok') log.info('Redis answers again', { afterMs })
      else log.warn('Redis does not answer', { health: is })
      was = is
      sinceMs = performance.now()
    }
    callOff = after(LOOK_MS, look)
  }
  let callOff = after(LOOK_MS, look)
  return () => callOff()
}
