import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { TransportStores } from '@sluice/conformance'
import type { Store } from '@sluice/core'
import { redisStore } from '@sluice/redis'
import { sqliteStore } from '@sluice/sqlite'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll } from 'vitest'

/** Two instances on one Redis, which is started for the file that calls this. */
export function inRedis(): TransportStores {
  let redis: RedisServer
  beforeAll(async () => void (redis = await startRedisServer()))
  afterAll(() => redis?.close())
  /** Each scene begins with nothing: its instances share a prefix, and nobody else has it. */
  const prefixes = new WeakMap<Store, string>()
  const open = (prefix: string): Store => {
    const store = redisStore({ url: redis.url, prefix, onWarning: () => undefined })
    prefixes.set(store, prefix)
    return store
  }
  return {
    name: 'Redis',
    create: () => open(`${randomUUID()}:`),
    another: (store) => open(prefixes.get(store)!),
  }
}

/** One instance on a directory of its own, which is made for the file that calls this. */
export function inDirectory(): TransportStores {
  const root = mkdtempSync(join(tmpdir(), 'sluice-transport-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return { name: 'a directory', create: () => sqliteStore(join(root, randomUUID())) }
}
