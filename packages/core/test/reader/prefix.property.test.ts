import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { nativeSse } from '../../../sse/src/index.ts'
import { check, createScriptedSource, RUNS } from '../../../testing/src/index.ts'
import { understandSse } from '../rig/line-wire.ts'
import { assertRun, assertSaid, eventsOf } from '../log/logged-run.ts'
import { peerSpeeds, play, readerOptions, readingPlans, sourceScripts, streamOptions } from '../rig/scenarios.ts'
import { createWorld, logOf, readWithDrops, type ReaderStory, serve, settledNow, toQuiescence } from '../rig/world.ts'

const AS = 'server'

const readers = fc.array(
  fc.record({ plans: readingPlans(), options: readerOptions, delayMs: fc.nat({ max: 2000 }), sse: fc.boolean() }),
  { minLength: 1, maxLength: 4 },
)

test('contract 1: whatever the source, policies, sinks, drops and resumes, each reader gets the whole run of the log, once and in order', async () => {
  const property = fc.asyncProperty(sourceScripts(), streamOptions, readers, async (script, options, readers) => {
    const world = createWorld()
    const { runtime, sluice, store } = world
    const source = play(script, runtime)
    const { id } = await sluice.start(source.source, { as: AS, onDisconnect: { graceMs: 100_000 }, ...options })
    const stories = Promise.all(
      readers.map(async ({ plans, options: reading, delayMs, sse }): Promise<ReaderStory> => {
        await new Promise<void>((resolve) => void runtime.after(delayMs, resolve))
        const wire = sse ? { wire: nativeSse, understand: understandSse } : {}
        return readWithDrops(world, { id, plans, ...reading, ...wire })
      }),
    )
    await runtime.advance(600_000)
    const log = logOf(store, id)
    const events = eventsOf(log)
    for (const { entries, end, codes, problems } of await settledNow(runtime, stories)) {
      assert.deepEqual(problems, [])
      assert.deepEqual(codes, [])
      assert.deepEqual(end, events.at(-1))
      assertRun(events, entries, 0)
      assertSaid(
        entries.map(({ event }) => event),
        script.items,
      )
    }
    assert.equal(log.end?.complete, true)
    assertSaid(events, script.items)
    assert.equal(source.overlappingPulls, 0)
  })
  await check(property)
})

test('contract 1: a reader that attaches at any seq, inside merged chunks too, gets exactly what follows', async () => {
  const property = fc.asyncProperty(
    sourceScripts(),
    streamOptions,
    fc.array(fc.record({ at: fc.nat(), atMs: fc.nat({ max: 4000 }), options: readerOptions, plans: readingPlans(2) }), {
      minLength: 1,
      maxLength: 4,
    }),
    async (script, options, attaches) => {
      const world = createWorld()
      const { runtime, sluice, store } = world
      const { id } = await sluice.start(play(script, runtime).source, { as: AS, onDisconnect: 'continue', ...options })
      const log = logOf(store, id)
      const stories = Promise.all(
        attaches.map(async ({ at, atMs, plans, options: reading }) => {
          await new Promise<void>((resolve) => void runtime.after(atMs, resolve))
          const after = at % (log.lastSeq + 1)
          const cursor = `${id}.1.${after}`
          return { after, story: await readWithDrops(world, { id, plans, cursor, ...reading }) }
        }),
      )
      await runtime.advance(600_000)
      const events = eventsOf(log)
      for (const { after, story } of await settledNow(runtime, stories)) {
        assert.deepEqual(story.problems, [])
        assertRun(events, story.entries, after)
        assert.deepEqual(story.codes, after === events.length ? ['exhausted'] : [])
        assert.equal(story.entries.at(-1)?.seq ?? after, events.length)
      }
    },
  )
  await check(property)
})

test('contract 1: reading k bytes, dropping and resuming is the same as an uninterrupted reading, for every k', async () => {
  const property = fc.asyncProperty(
    sourceScripts(12),
    readerOptions,
    fc.option(peerSpeeds, { nil: undefined }),
    fc.boolean(),
    async (script, reading, speed, sse) => {
      const wire = sse ? { wire: nativeSse, understand: understandSse } : {}
      const { runtime, sluice, store } = createWorld()
      const { id } = await sluice.start(play(script, runtime).source, { as: AS, onDisconnect: 'continue' })
      // Patient with the slowest peer: being cut at the close grace is another property's concern.
      const patient = { ...reading, ...wire, speed, closeGraceMs: 3_600_000 }
      const first = serve(runtime, await sluice.attach({ id }, { as: AS }), patient)
      await runtime.advance(600_000)
      const whole = first.understood()
      const events = eventsOf(logOf(store, id))
      assertRun(events, whole.entries, 0)
      const total = first.sink.bytesWritten
      for (let k = 0; k <= total; k += Math.max(1, Math.floor(total / 12))) {
        const begun = first.understood(total - k)
        const cursor = begun.entries.at(-1)?.cursor
        const stream = await sluice.attach(cursor ? { cursor } : { id }, { as: AS })
        if (stream.exhausted) continue
        const rest = serve(runtime, stream, { ...reading, ...wire })
        await runtime.flush()
        assertRun(events, [...begun.entries, ...rest.understood().entries], 0)
        assert.deepEqual(rest.understood().entries.at(-1)?.event, whole.entries.at(-1)?.event)
      }
    },
  )
  await check(property, { numRuns: RUNS })
})

test('contract 1: a reader in this process (for await, text, result) gets the same as one on a wire', async () => {
  const property = fc.asyncProperty(
    sourceScripts(),
    streamOptions,
    fc.nat({ max: 3 }),
    async (script, options, way) => {
      const { runtime, sluice, store } = createWorld()
      const stream = await sluice.start(play(script, runtime).source, { as: AS, ...options })
      const read = (async () => {
        if (way === 0) return (await stream.result()).events
        if (way === 1) return [{ type: 'text' as const, text: await stream.text() }]
        const events = []
        for await (const event of stream) {
          if (way === 3) await new Promise<void>((resolve) => void runtime.after(10, resolve))
          events.push(event)
        }
        return events
      })()
      await runtime.advance(600_000)
      const events = await settledNow(runtime, read)
      const texts = (list: typeof events): string =>
        list.map((event) => (event.type === 'text' && !event.choice ? event.text : '')).join('')
      assert.equal(texts(events), texts(eventsOf(logOf(store, stream.id))))
      if (way !== 1) assertSaid(events, script.items)
      await toQuiescence(runtime)
    },
  )
  await check(property)
})

test('contract 1: a code point split over tokens reaches its reader whole although the source pauses in its middle', async () => {
  const { runtime, sluice } = createWorld()
  const steps = [{ yield: 'a\ud83d' }, { wait: 1000 }, { yield: '\ude00b' }]
  const stream = await sluice.start(createScriptedSource(steps, { runtime }).source, { as: AS })
  const serving = serve(runtime, stream)
  await runtime.advance(500)
  assert.deepEqual(
    serving.understood().entries.map(({ event }) => event),
    [{ type: 'text', text: 'a' }],
  )
  await runtime.advance(1000)
  assert.equal(serving.understood().entries.at(-1)?.event.type, 'end')
})
