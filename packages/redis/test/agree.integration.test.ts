import { redisStore } from '@sluice/redis'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'

let server: RedisServer
beforeAll(async () => void (server = await startRedisServer()))
afterAll(() => server.close())

test('processes that propose at the same time agree on one value, each name on its own', async () => {
  const stores = Array.from({ length: 4 }, () => redisStore(server.url))
  for (const name of ['a', 'b:{c}']) {
    const proposals = Array.from({ length: 40 }, (_, at) => `${name} ${at}`)
    const held = await Promise.all(proposals.map((proposal, at) => stores[at % 4]!.agree(name, proposal)))
    expect(new Set(held).size).toBe(1)
    expect(proposals).toContain(held[0])
    expect(await stores[0]!.agree(name, 'late')).toBe(held[0])
  }
  for (const store of stores) await store.dispose()
})

test('a value holds for its time, or for ever', async () => {
  const store = redisStore({ url: server.url, prefix: 'own:' })
  await store.agree('for a minute', 'x', 60_000)
  await store.agree('for ever', 'x')
  expect(await server.command('PTTL', 'own:agreed:{for a minute}')).toBeGreaterThan(50_000)
  expect(await server.command('PTTL', 'own:agreed:{for ever}')).toBe(-1)
  await server.command('DEL', 'own:agreed:{for a minute}')
  expect(await store.agree('for a minute', 'y', 60_000)).toBe('y')
  await expect(store.agree('n', 'x', 0)).rejects.toThrow('"ttlMs" is 0')
  await store.dispose()
})
