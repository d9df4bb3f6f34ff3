import { randomUUID } from 'node:crypto'

import { describeStore } from '@sluice/conformance'
import type { Runtime, Store } from '@sluice/core'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll } from 'vitest'

import { redisStore } from '../src/redis-store.ts'

let server: RedisServer
beforeAll(async () => (server = await startRedisServer()))
afterAll(() => server.close())

/** Each store begins with nothing: it has a prefix of its own, and shares it with those that are to see its streams. */
const prefixes = new WeakMap<Store, string>()

function create(runtime: Runtime, prefix = `${randomUUID()}:`): Store {
  const store = redisStore({ url: server.url, prefix, onWarning: () => undefined }, runtime)
  prefixes.set(store, prefix)
  return store
}

describeStore('redis', {
  create,
  another: (store, runtime) => create(runtime, prefixes.get(store)),
  remote: true,
  time: 'real',
  runs: 100,
})
