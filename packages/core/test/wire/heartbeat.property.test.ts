import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource } from '../../../testing/src/index.ts'
import { createWorld, serve } from '../rig/world.ts'

/** Runs `act` with every connection's jitter drawn as `drawn`, from 0 to 1. */
async function withJitter(drawn: number, act: () => Promise<void>): Promise<void> {
  const { random } = Math
  Math.random = () => drawn
  try {
    await act()
  } finally {
    Math.random = random
  }
}

test('contract 14: a silent connection beats at its interval ± 10 %, whatever the jitter and the clock, and no beat is the last', async () => {
  const property = fc.asyncProperty(
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.integer({ min: 1, max: 20_000 }),
    fc.integer({ min: 0, max: 5000 }),
    async (jitter, heartbeatMs, startMs) => {
      await withJitter(jitter, async () => {
        const { runtime, sluice } = createWorld()
        await runtime.advance(startMs)
        const source = createScriptedSource([{ hang: true }], { runtime })
        const stream = await sluice.start(source.source, { as: 'server', deadlines: { firstTokenMs: false } })
        const { sink, connection, understood } = serve(runtime, stream, { heartbeatMs })
        for (let beats = 1; beats <= 5; beats++) {
          await runtime.advance(heartbeatMs * (0.9 + 0.2 * jitter) + 0.001)
          assert.equal(understood().beats, beats)
        }
        connection.lost()
        assert.equal(sink.writesWhileWaiting, 0)
      })
    },
  )
  await check(property)
})

test('contract 7: no heartbeat is written past a sink that asked to wait, and beats go on once it has drained', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 10, max: 15_000 }),
    fc.integer({ min: 2, max: 29_000 }),
    async (heartbeatMs, stalledMs) => {
      const { runtime, sluice } = createWorld()
      const source = createScriptedSource([{ hang: true }], { runtime })
      const stream = await sluice.start(source.source, { as: 'server', deadlines: { firstTokenMs: false } })
      const { sink, understood } = serve(runtime, stream, {
        heartbeatMs,
        speed: { queueBytes: 1, bytes: 1e6, everyMs: stalledMs },
      })
      await runtime.advance(stalledMs - 1)
      assert.deepEqual([sink.writes, sink.writesWhileWaiting], [1, 0])
      await runtime.advance(2 * heartbeatMs + 3 * stalledMs + 1)
      assert.ok(understood().beats > 0)
      assert.equal(sink.writesWhileWaiting, 0)
      sink.drop()
    },
  )
  await check(property)
})

test('design 6: heartbeats come before the first token too, and not while tokens flow', async () => {
  const { runtime, sluice } = createWorld()
  const tokens = Array.from({ length: 40 }, () => [{ yield: 'x' }, { wait: 1000 }]).flat()
  const source = createScriptedSource([{ wait: 40_000 }, ...tokens], { runtime })
  const { understood } = serve(runtime, await sluice.start(source.source, { as: 'server' }))
  await runtime.advance(39_999)
  assert.equal(understood().beats, 2)
  await runtime.advance(40_000)
  assert.equal(understood().beats, 2)
})
