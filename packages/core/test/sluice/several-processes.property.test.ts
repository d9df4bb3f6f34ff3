import assert from 'node:assert/strict'
import type { EndEvent, StreamEvent } from '@sluice/core'
import type { Logged } from '@sluice/core/extend'
import fc from 'fast-check'
import { test } from 'vitest'
import { check } from '../../../testing/src/index.ts'
import { assertRun, assertSaid, plain } from '../log/logged-run.ts'
import { createRemoteWorld } from '../rig/remote-world.ts'
import { play, readerOptions, readingPlans, sourceScripts, streamOptions } from '../rig/scenarios.ts'
import { readWithDrops, type ReaderStory, settledNow, toQuiescence } from '../rig/world.ts'

const AS = 'server'
const PROCESSES = 3

const readers = fc.array(
  fc.record({
    at: fc.nat({ max: PROCESSES - 1 }),
    plans: readingPlans(3),
    options: readerOptions,
    delayMs: fc.nat({ max: 2000 }),
  }),
  { minLength: 1, maxLength: 4 },
)
/** How long one way takes, for each process. */
const delays = fc.array(fc.nat({ max: 60 }), { minLength: PROCESSES, maxLength: PROCESSES })
/** Times at which nothing comes through from a process, or to it. */
const silences = fc.array(
  fc.record({ at: fc.nat({ max: PROCESSES - 1 }), fromMs: fc.nat({ max: 3000 }), forMs: fc.nat({ max: 3000 }) }),
  { maxLength: 3 },
)
const cancels = fc.array(fc.record({ at: fc.nat({ max: PROCESSES - 1 }), afterMs: fc.nat({ max: 4000 }) }), {
  maxLength: 2,
})

const toEvent = (event: Logged): StreamEvent => (typeof event === 'string' ? { type: 'text', text: event } : event)
const passed = (after: (delayMs: number, task: () => void) => unknown, ms: number): Promise<void> =>
  new Promise<void>((resolve) => void after(ms, resolve))

test('contracts 1, 3, 8, 9, 14: whoever reads, wherever, gets the whole run that the store has, and one end', async () => {
  const property = fc.asyncProperty(
    fc.record({ script: sourceScripts(), options: streamOptions, readers, delays, silences, cancels }),
    async ({ script, options, readers, delays, silences, cancels }) => {
      const processes = createRemoteWorld({}, PROCESSES)
      const { runtime, sluice, store } = processes[0]!
      const source = play(script, runtime)
      const starting = sluice.start(source.source, { as: AS, onDisconnect: { graceMs: 100_000 }, ...options })
      await runtime.advance(10)
      const stream = await settledNow(runtime, starting)
      const { id } = stream
      for (const [index, delayMs] of delays.entries()) processes[index]!.store.link.delayMs = delayMs
      for (const { at, fromMs, forMs } of silences) {
        const { link } = processes[at]!.store
        runtime.after(fromMs, () => void (link.moving = false))
        runtime.after(fromMs + forMs, () => link.release())
      }
      const stories = Promise.all(
        readers.map(async ({ at, plans, options: reading, delayMs }): Promise<ReaderStory> => {
          await passed(runtime.after, delayMs)
          return readWithDrops(processes[at]!, { id, plans, ...reading })
        }),
      )
      const ends = Promise.all(
        cancels.map(async ({ at, afterMs }): Promise<EndEvent | undefined> => {
          await passed(runtime.after, afterMs)
          return (await processes[at]!.sluice.cancel({ id }, { as: AS })).end
        }),
      )
      await runtime.advance(600_000)
      const record = store.server.streams.get(id)!
      const events = record.events.map(({ event }) => plain(toEvent(event)))
      for (const { entries, end, codes, problems } of await settledNow(runtime, stories)) {
        assert.deepEqual(problems, [])
        assert.deepEqual(codes, [])
        assert.deepEqual(end, events.at(-1))
        assertRun(events, entries, 0)
      }
      const end = plain(record.state.end!)
      for (const told of [...(await settledNow(runtime, ends)), stream.end]) assert.deepEqual(plain(told!), end)
      if (record.state.end!.complete) assertSaid(events, script.items)
      else assert.ok(cancels.length > 0 && record.state.end!.cause === 'client')
      assert.equal(events.filter(({ type }) => type === 'end').length, 1)
      assert.equal(source.overlappingPulls, 0)
      await toQuiescence(runtime)
      for (const each of processes) {
        assert.deepEqual(each.store.usage(), { bytes: 0, streams: 0, live: 0 })
        const { producing, delivering, pending } = each.sluice.stats()
        assert.deepEqual({ producing, delivering, pending }, { producing: 0, delivering: 0, pending: 0 })
      }
    },
  )
  await check(property)
})
