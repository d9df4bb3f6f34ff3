import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, codeOf, createScriptedSource } from '../rig/core-rig.ts'
import { createWorld, serve, settledNow } from '../rig/world.ts'

const AS = { owner: 'ada' }

test('design 6: drain refuses starts, lets the rest go on, ends what is left as interrupted, and settles', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.integer({ min: 1, max: 4000 }), { maxLength: 4 }),
    fc.integer({ min: 1, max: 2000 }).map((half) => 2 * half),
    fc.boolean(),
    async (lasts, withinMs, leaks) => {
      const { runtime, sluice } = createWorld()
      const streams = []
      for (const half of lasts) {
        const source = createScriptedSource([{ yield: 'a' }, { wait: 2 * half + 1 }, { yield: 'b' }], { runtime })
        const stream = await sluice.start(source.source, { as: AS })
        streams.push({ stream, lastsMs: 2 * half + 1, served: serve(runtime, stream) })
      }
      if (leaks) {
        const deaf = createScriptedSource([{ ignoreAbort: true }, { hang: true }], { runtime })
        serve(runtime, await sluice.start(deaf.source, { as: AS }))
      }
      let drainedMs = -1
      const drained = sluice.drain({ withinMs }).then(() => (drainedMs = runtime.now()))
      assert.equal(await codeOf(sluice.start(() => [], { as: AS })), 'SLUICE_ERR_DRAINING')
      const [first] = streams
      if (first) assert.equal(await codeOf(sluice.attach({ id: first.stream.id }, { as: AS })), 'ok')
      await runtime.advance(withinMs + 6000)
      await settledNow(runtime, drained)
      const longest = Math.max(0, ...streams.map(({ lastsMs }) => lastsMs), leaks ? Infinity : 0)
      const soonestMs = Math.min(longest, withinMs)
      assert.ok(drainedMs >= soonestMs && drainedMs <= soonestMs + 100, `drained after ${drainedMs} ms`)
      for (const { stream, lastsMs, served } of streams) {
        const { end } = stream
        if (lastsMs < withinMs) assert.equal(end?.complete, true)
        else assert.deepEqual([end?.reason, end?.cause, end?.complete], ['interrupted', 'drain', false])
        assert.equal(served.understood().entries.at(-1)?.event.type, 'end')
      }
      await sluice.drain()
    },
  )
  await check(property)
})
