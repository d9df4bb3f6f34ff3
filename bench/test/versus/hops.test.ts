import { afterAll, describe, expect, test } from 'vitest'

import { BACKEND } from '../../contestants/roster.ts'
import { costOf } from '../../hops/process-cost.ts'
import { Stage } from '../../load/stage.ts'
import { POST } from '../../rows/http/gateway-hop.ts'
import { HOPS } from '../../rows/versus/gateways.ts'
import { expectExact } from '../exact.ts'

const TICK_US = 10_000

describe.each(HOPS.map((hop) => [hop.name, hop] as const))('%s', (_, hop) => {
  const stage = new Stage(BACKEND, { quick: true })
  const ready = stage.ready()
  afterAll(() => stage.over())

  test('passes on exactly what the backend says, in a process that costs something', async () => {
    await ready
    expect(hop.missing?.()).toBeUndefined()
    await using running = await hop.start(stage.port)
    const { port, headers, pid } = running
    const post = { ...POST, headers: { authorization: 'Bearer bench', ...headers } }
    await expectExact(stage, { tokens: 100, tokensPerSecond: 400, greets: true }, { port, post })
    expect(costOf(pid).rssBytes).toBeGreaterThan(1_000_000)
  })
})

test('a process costs what the kernel says that it costs', () => {
  const total = ({ user, system }: NodeJS.CpuUsage): number => user + system
  const before = total(process.cpuUsage())
  const { cpuUs, rssBytes } = costOf(process.pid)
  const after = total(process.cpuUsage())
  // Two counters of ticks, each cut off.
  expect(cpuUs).toBeGreaterThanOrEqual(before - 2 * TICK_US)
  expect(cpuUs).toBeLessThanOrEqual(after + 2 * TICK_US)
  expect(rssBytes / process.memoryUsage.rss()).toBeCloseTo(1, 0)
})
