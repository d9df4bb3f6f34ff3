import assert from 'node:assert/strict'
import { test } from 'vitest'
import { createScriptedSource } from '../../../testing/src/index.ts'
import { createWorld, serve } from '../rig/world.ts'

const AS = { owner: 'ada' }
const STREAMS = 5000

function usedBytes(): number {
  for (let round = 0; round < 4; round++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

test('contract 14: 5,000 streams started, read, dropped, resumed and cancelled leave no heap behind beyond retention', async () => {
  const { runtime, sluice } = createWorld({ stream: { retentionMs: 1000 }, settle: () => {} })
  const run = async (streams: number): Promise<void> => {
    for (let index = 0; index < streams; index++) {
      const source = createScriptedSource([{ yield: 'x'.repeat(2000) }, { wait: 5 }, { yield: 'y' }, { hang: true }], {
        runtime,
      })
      const stream = await sluice.start(source.source, { as: AS, key: `chat ${index}`, meta: { index } })
      void stream.ended
      const first = serve(runtime, stream)
      const second = serve(runtime, await sluice.attach({ id: stream.id }, { as: AS }))
      await runtime.flush()
      first.sink.drop()
      const cursor = second.understood().entries.at(-1)!.cursor
      const resumed = serve(runtime, await sluice.attach({ cursor }, { as: AS }))
      if (index % 3 === 0) await runtime.advance(5)
      if (index % 2 === 0) await stream.cancel()
      else [second, resumed].forEach(({ sink }) => sink.drop())
      if (index % 50 === 0) await runtime.advance(20_000)
    }
    await runtime.advance(100_000)
    assert.deepEqual([sluice.stats().pending, sluice.stats().store.streams, runtime.pendingTimers], [0, 0, 0])
  }
  await run(500)
  const before = usedBytes()
  await run(STREAMS)
  const grown = usedBytes() - before
  // What may stay: a tombstone each, of a few hundred bytes.
  assert.ok(grown < STREAMS * 1024, `${Math.round(grown / STREAMS)} bytes a stream are left`)
})
