import assert from 'node:assert/strict'
import { immediate, isSluiceError, type StreamEvent } from '@sluice/core'
import type { Log } from '@sluice/core/extend'
import fc from 'fast-check'
import { test } from 'vitest'
import { nativeSse } from '../../../sse/src/index.ts'
import { check, createScriptedSource, type SourceStep } from '../../../testing/src/index.ts'
import { understandSse } from '../rig/line-wire.ts'
import { assertRun, plain } from '../log/logged-run.ts'
import { readerOptions } from '../rig/scenarios.ts'
import { createWorld, logOf, serve } from '../rig/world.ts'

const AS = 'server'
/** Smallest limits that go together. */
const SMALL = { windowBytes: 64, maxEventBytes: 16, retentionBytes: 1024 }

/** Notes every event of a log as it is committed: trimming takes nothing from it. */
function record(log: Log): StreamEvent[] {
  const events: StreamEvent[] = []
  const note = (): void => {
    while (events.length < log.committed) events.push(plain(log.read(events.length, 1)[0]!.event))
  }
  log.watchers.add({ furthestMoved: note, readersChanged: note, ended: note })
  return events
}

/** More than is kept, in pieces of which some are cut. */
const tokens = fc.array(fc.string({ minLength: 8, maxLength: 40 }), { minLength: 60, maxLength: 120 })

test('contract 2: a reader behind the trimmed head gets closed: trimmed and nothing after it, never data with a hole', async () => {
  const property = fc.asyncProperty(
    tokens,
    readerOptions,
    fc.record({ queueBytes: fc.integer({ min: 1, max: 600 }), everyMs: fc.integer({ min: 1, max: 60 }) }),
    fc.boolean(),
    async (tokens, options, { queueBytes, everyMs }, sse) => {
      const wire = sse ? { wire: nativeSse, understand: understandSse } : {}
      const { runtime, sluice, store } = createWorld()
      const steps = tokens.flatMap((token): SourceStep[] => [{ wait: 5 }, { yield: token }])
      const source = createScriptedSource(steps, { runtime })
      const stream = await sluice.start(source.source, { as: AS, ...SMALL })
      const log = logOf(store, stream.id)
      const events = record(log)
      const fast = serve(runtime, stream, { maxChunkBytes: 64, chunking: immediate() })
      const slow = serve(runtime, await sluice.attach({ id: stream.id }, { as: AS }), {
        ...options,
        ...wire,
        speed: { queueBytes, bytes: 64, everyMs },
      })
      await runtime.advance(120_000)
      assert.equal(log.end?.complete, true)
      assert.equal(events.length, log.lastSeq)
      const all = fast.understood()
      assertRun(events, all.entries, 0)
      assert.equal(all.entries.at(-1)?.event.type, 'end')
      const { entries, closed, problems } = slow.understood()
      assert.deepEqual(problems, [])
      assertRun(events, entries, 0)
      const complete = entries.at(-1)?.event.type === 'end'
      if (complete) assert.equal(closed, undefined)
      else assert.equal(closed?.code, 'trimmed')
      assert.equal(slow.sink.writesWhileWaiting, 0)
      assert.equal(log.readers.size, 0)
    },
  )
  await check(property)
})

test('contract 2: a cursor before the trimmed head is refused as trimmed, and one within the log goes on without a hole', async () => {
  const property = fc.asyncProperty(tokens, fc.nat(), async (tokens, at) => {
    const { runtime, sluice, store } = createWorld()
    const source = createScriptedSource(
      tokens.map((token) => ({ yield: token })),
      { runtime },
    )
    const stream = await sluice.start(source.source, { as: AS, ...SMALL })
    const log = logOf(store, stream.id)
    const events = record(log)
    serve(runtime, stream, { maxChunkBytes: 64 })
    await runtime.advance(60_000)
    const seq = at % (log.lastSeq + 1)
    const attach = sluice.attach({ cursor: `${stream.id}.1.${seq}` }, { as: AS })
    if (seq + 1 < log.firstSeq) {
      await assert.rejects(attach, (error) => isSluiceError(error) && error.code === 'SLUICE_ERR_CURSOR_TRIMMED')
    } else if (seq < log.lastSeq) {
      const rest = serve(runtime, await attach)
      await runtime.flush()
      assertRun(events, rest.understood().entries, seq)
      assert.equal(rest.understood().entries.at(-1)?.seq, log.lastSeq)
    } else assert.equal((await attach).exhausted, true)
  })
  await check(property)
})

test('contract 2: an attach from the start of a trimmed log is loud: it says where it begins, and the result says that it is trimmed', async () => {
  const { runtime, sluice, store } = createWorld()
  const source = createScriptedSource(
    Array.from({ length: 200 }, (_, index) => ({ yield: `token ${index} ` })),
    { runtime },
  )
  const stream = await sluice.start(source.source, { as: AS, ...SMALL })
  serve(runtime, stream)
  await runtime.advance(60_000)
  const { firstSeq } = logOf(store, stream.id)
  assert.ok(firstSeq > 1)
  const late = serve(runtime, await sluice.attach({ id: stream.id }, { as: AS }))
  await runtime.flush()
  assert.equal(late.understood().opened?.cursor, `${stream.id}.1.${firstSeq - 1}`)
  const result = await (await sluice.attach({ id: stream.id }, { as: AS })).result()
  assert.equal(result.trimmed, true)
})

test('contract 2: an iterating reader that is overtaken throws SLUICE_ERR_READING_CLOSED, and text() never passes part of an answer for the whole', async () => {
  const { runtime, sluice } = createWorld()
  const steps = Array.from({ length: 200 }, (_, index) => [{ yield: `token ${index} ` }, { wait: 1 }]).flat()
  const source = createScriptedSource(steps, { runtime })
  const stream = await sluice.start(source.source, { as: AS, ...SMALL })
  serve(runtime, stream, { chunking: immediate() })
  const slow = await sluice.attach({ id: stream.id }, { as: AS })
  const seen: StreamEvent[] = []
  const reading = (async () => {
    for await (const event of slow) {
      seen.push(event)
      await new Promise<void>((resolve) => void runtime.after(150, resolve))
    }
  })()
  const outcome = reading.then(
    () => 'finished',
    (error: unknown) => (isSluiceError(error) ? error.code : error),
  )
  await runtime.advance(10_000)
  assert.equal(await outcome, 'SLUICE_ERR_READING_CLOSED')
  assert.notEqual(seen.at(-1)?.type, 'end')
})

test('contract 2: whatever cuts a stream, no reader of any wire is told that it is complete', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.string({ maxLength: 8 }), { maxLength: 8 }),
    fc.constantFrom('cancel', 'throw', 'hang', 'drain', 'replace', 'disconnect'),
    fc.nat({ max: 500 }),
    fc.boolean(),
    async (tokens, how, atMs, sse) => {
      const wire = sse ? { wire: nativeSse, understand: understandSse } : {}
      const { runtime, sluice, store } = createWorld()
      const last: SourceStep = how === 'throw' ? { throw: new Error('secret') } : { hang: true }
      const source = createScriptedSource([...tokens.flatMap((token) => [{ yield: token }, { wait: 50 }]), last], {
        runtime,
      })
      const stream = await sluice.start(source.source, { as: AS, key: 'chat', onDisconnect: 'cancel' })
      const serving = serve(runtime, stream, wire)
      await runtime.advance(atMs)
      if (how === 'cancel') await sluice.cancel({ id: stream.id }, { as: AS })
      if (how === 'drain') void sluice.drain({ withinMs: 100 })
      if (how === 'replace') await sluice.start(source.source, { as: AS, key: 'chat', ifRunning: 'cancel' })
      if (how === 'disconnect') serving.sink.drop()
      await runtime.advance(200_000)
      const { end } = logOf(store, stream.id)
      assert.ok(end && !end.complete)
      assert.ok(!['stop', 'length', 'tool_calls', 'content_filter'].includes(end.reason))
      const { entries, closed } = serving.understood()
      if (how === 'disconnect') assert.notEqual(entries.at(-1)?.event.type, 'end')
      else if (!closed) assert.deepEqual(entries.at(-1)?.event, plain(end))
      assert.ok(!serving.sink.received().includes('secret'))
      await assert.rejects((await sluice.attach({ id: stream.id }, { as: AS })).text(), isSluiceError)
    },
  )
  await check(property)
})
