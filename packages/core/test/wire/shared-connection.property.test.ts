import assert from 'node:assert/strict'
import { parseCursor } from '@sluice/core/extend'
import fc from 'fast-check'
import { test } from 'vitest'
import { check } from '../../../testing/src/index.ts'
import { type Received, lineWire } from '../rig/line-wire.ts'
import { assertRun, eventsOf } from '../log/logged-run.ts'
import { peerSpeeds, play, readerOptions, sourceScripts } from '../rig/scenarios.ts'
import { createWorld, logOf, serve } from '../rig/world.ts'

interface Line {
  opened?: { id: string }
  cursor?: string
  event?: Received['event']
}

test('contracts 1 and 7: readings that share a connection each get their opening first and then their whole run, however the sink makes them wait', async () => {
  const property = fc.asyncProperty(
    fc.array(sourceScripts(8), { minLength: 2, maxLength: 4 }),
    fc.option(peerSpeeds, { nil: undefined }),
    readerOptions,
    fc.nat({ max: 300 }),
    async (scripts, speed, options, apartMs) => {
      const { runtime, sluice, store } = createWorld()
      // Keeps the connection open until all others have been carried.
      const keeper = await sluice.start(
        play({ items: [], steps: [{ wait: 40_000 }], shape: 'async-iterable' }, runtime).source,
        {
          as: 'server',
        },
      )
      const { sink, connection } = serve(runtime, keeper, {
        ...options,
        speed,
        stallMs: false,
        closeGraceMs: 3_600_000,
      })
      const ids: string[] = []
      for (const script of scripts) {
        const stream = await sluice.start(play(script, runtime).source, { as: 'server' })
        ids.push(stream.id)
        stream.deliver(sink, { ...options, wire: lineWire, connection })
        await runtime.advance(apartMs)
      }
      await runtime.advance(900_000)
      const lines = sink
        .received()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line)
      for (const id of ids) {
        const mine = lines.filter(({ opened, cursor }) => opened?.id === id || cursor?.startsWith(`${id}.`))
        assert.ok(mine[0]?.opened, 'entries came without their opening')
        const entries = mine.slice(1).map(({ cursor, event }): Received => {
          assert.ok(cursor && event, 'opened twice')
          return { cursor, event, seq: parseCursor(cursor).seq }
        })
        assertRun(eventsOf(logOf(store, id)), entries, 0)
        assert.equal(entries.at(-1)?.event.type, 'end')
      }
      assert.equal(sink.writesWhileWaiting, 0)
      assert.equal(sink.state, 'closed')
    },
  )
  await check(property)
})

test('contract 14: a reading that is given to a connection which is gone, or going, is over at once and keeps nothing alive', async () => {
  for (const how of ['lost', 'abort', 'close'] as const) {
    const { runtime, sluice, store } = createWorld()
    const hang = { items: [], steps: [{ hang: true as const }], shape: 'async-iterable' as const }
    const first = await sluice.start(play(hang, runtime).source, { as: 'server' })
    const { sink, connection } = serve(runtime, first)
    connection[how]()
    const second = await sluice.start(play(hang, runtime).source, { as: 'server', onDisconnect: 'cancel' })
    second.deliver(sink, { wire: lineWire, connection })
    await runtime.advance(35_000)
    assert.deepEqual([how, logOf(store, second.id).readers.size, sluice.stats().delivering], [how, 0, 0])
    assert.equal(second.end?.cause, 'disconnect')
  }
})
