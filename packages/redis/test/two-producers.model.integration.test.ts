import { check, RUNS } from '@sluice/testing'
import { ownTimeMs } from '@sluice/testing/patience'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { pass } from './model/fast-runtime.ts'
import { problemOf, unsettled, wronglyGivenUp } from './model/judge.ts'
import { type Script, scripts } from './model/steps.ts'
import { World } from './model/world.ts'

/** Streams that live at the same time. */
const AT_ONCE = 30
/** How long everything may take to come to rest once nothing more is done to it. */
const REST_MS = 12_000

let server: RedisServer
beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.close())

async function live(script: Script): Promise<string | undefined> {
  const world = new World(server, script)
  try {
    await world.open()
    for (const step of script.steps) {
      await world.do(step)
      await world.log.settle()
      const problem = problemOf(world) ?? wronglyGivenUp(world)
      if (problem) return `${problem} after ${JSON.stringify(script)}`
    }
    await world.settle()
    const untilMs = ownTimeMs() + REST_MS
    let problem: string | undefined
    do {
      await pass(50)
      await world.rest()
      problem = unsettled(world)
    } while (problem && ownTimeMs() < untilMs)
    problem ??= problemOf(world)
    return problem && `${problem} at last, after ${JSON.stringify(script)}`
  } finally {
    await world.close()
  }
}

test('contract 1 to 5, 8, 9: whatever happens to Redis, the network and the processes, no reader is misled', async () => {
  const property = fc.asyncProperty(fc.array(scripts, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (all) => {
    const problems = await Promise.all(all.map(live))
    expect(problems.filter((problem) => problem !== undefined)).toEqual([])
  })
  // One list of lives is as good as another: a failing one is told in full, not made smaller.
  await check(property, { numRuns: Math.ceil(RUNS / 100), endOnFailure: true })
}, 600_000)
