import { startRedisServer } from '@sluice/testing/redis'
import { afterAll, describe, expect, test } from 'vitest'

import { missingPeers, peerVersions } from '../../contestants/peers/installed/versions.ts'
import { SSE_PEERS } from '../../contestants/roster.ts'
import { PEERS } from '../../rows/versus/peers.ts'
import { Stage } from '../../load/stage.ts'
import type { Shape } from '../../traffic/source.ts'
import { withRedis } from '../../trials/trials.ts'
import { expectExact } from '../exact.ts'

const SHAPES: Record<string, Shape> = {
  'bursts of 32': { tokens: 320, burst: 32 },
  paced: { tokens: 40, tokensPerSecond: 200 },
}

test('peers are installed, and named with their versions', () => {
  expect(missingPeers()).toBeUndefined()
  expect(peerVersions()).toContainEqual(expect.stringMatching(/^better-sse \d+\.\d+\.\d+$/))
})

test('no two have one name', () => {
  expect(new Set(PEERS.map(({ name }) => name)).size).toBe(PEERS.length)
})

describe.each(SSE_PEERS.map((contestant) => [contestant.name, contestant] as const))('%s', (_, contestant) => {
  const redis = contestant.needsRedis ? startRedisServer() : Promise.resolve(undefined)
  const ready = redis.then(async (server) => {
    const stage = new Stage(withRedis(contestant, server), { quick: true })
    await stage.ready()
    return stage
  })
  afterAll(async () => {
    await (await ready).over()
    await (await redis)?.close()
  })

  test.each(Object.entries(SHAPES))('gives everybody what everybody is given: %s', async (_name, shape) => {
    // An event a token, and no fewer: they are not asked to merge.
    expect(await expectExact(await ready, shape)).toBeGreaterThan(5)
  })

  test('is told apart from what gives something else', async () => {
    const stage = await ready
    await stage.open({ main: { tokens: 20, gated: true } }, 5)
    await stage.flow()
    await expect(stage.check(21)).rejects.toThrow('answered 5 streams wrongly')
    await stage.forget()
  })
})
