import { createSystemRuntime, Scheduler } from '@sluice/core'
import { startRedisServer } from '@sluice/testing/redis'
import { expect, test } from 'vitest'

import { RedisConnection } from '../src/connection/redis-connection.ts'
import { resolveRedisStoreOptions } from '../src/connection/redis-store-options.ts'

test('contract 2: what is asked in the moment in which a connection breaks waits for the next one', async () => {
  await using server = await startRedisServer()
  const link = new RedisConnection(new Scheduler(createSystemRuntime(), false), resolveRedisStoreOptions(server.url))
  try {
    expect(await link.ask(() => link.commands.ping())).toBe('PONG')
    if ('stream' in link.commands) link.commands.stream.destroy()
    // It still counts as ready, and nothing can be written to it.
    expect(link.commands.status).toBe('ready')
    expect(await link.ask(() => link.commands.ping())).toBe('PONG')
  } finally {
    link.close()
  }
})
