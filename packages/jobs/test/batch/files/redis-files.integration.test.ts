import { Redis } from 'ioredis'
import { startRedisServer, type RedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { redisFiles } from '../../../src/batch.ts'
import { fileStoreSuite } from './suite/file-store-suite.ts'

let server: RedisServer
let client: Redis

beforeAll(async () => {
  server = await startRedisServer()
  client = new Redis(server.url)
})

afterAll(async () => {
  client.disconnect()
  await server.close()
})

fileStoreSuite('Redis', { open: () => redisFiles({ client }) })

test('nothing is left of a file that was removed, or not finished', async () => {
  const files = redisFiles({ client, prefix: 'removed:' })
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(2_000_000)
    throw new Error('The client has left.')
  }
  await expect(files.create('file-1', cut())).rejects.toThrow('The client has left.')
  await files.append([{ name: 'file-2.output', at: 0, bytes: Buffer.alloc(2_000_000) }])
  await files.remove('file-2.output')
  expect(await client.keys('removed:*')).toEqual([])
})

test('no key has more than 512 KiB, and those of a group have one tag', async () => {
  const files = redisFiles({ client, prefix: 'tagged:' })
  await files.append([{ name: 'batch_1.output', at: 0, bytes: Buffer.alloc(1_500_000) }])
  const keys = await client.keys('tagged:*')
  expect(keys).toHaveLength(4)
  for (const key of keys) {
    expect(key).toContain('{file:batch_1}')
    if ((await client.type(key)) === 'string') expect(await client.strlen(key)).toBeLessThanOrEqual(512 * 1024)
  }
})
