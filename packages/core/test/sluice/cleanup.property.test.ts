import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, type SourceStep } from '../../../testing/src/index.ts'
import { createScriptedSource } from '../../../testing/src/index.ts'
import { readerOptions, readingPlans, sourceScripts, streamOptions } from '../rig/scenarios.ts'
import { createWorld, logOf, readWithDrops, serve, settledNow, toQuiescence } from '../rig/world.ts'

const AS = { owner: 'ada' }

test('contract 14: when all is over no timer, deadline, reader, watcher, listener, producer or delivery is left', async () => {
  const last = fc.constantFrom<SourceStep>('end', { hang: true }, { throw: new Error('x') }, { yieldAfterAbort: 3 })
  const extras = fc.array(
    fc.constantFrom(
      'ended',
      'opened',
      'iterate',
      'break',
      'text',
      'hold',
      'info',
      'unread',
      'waiting',
      'cancel',
      'detach',
    ),
    { maxLength: 5 },
  )
  const property = fc.asyncProperty(
    fc.tuple(sourceScripts(16), last),
    streamOptions,
    fc.array(fc.record({ plans: readingPlans(2), options: readerOptions }), { maxLength: 2 }),
    extras,
    async ([script, last], options, readers, extras) => {
      let signal: AbortSignal | undefined
      const world = createWorld({ settle: () => {} })
      const { runtime, sluice, store } = world
      const { shape } = script
      const steps =
        shape === 'iterable' && last !== 'end' && !('throw' in last) ? script.steps : [...script.steps, last]
      const scripted = createScriptedSource(steps, { runtime, shape })
      const stream = await sluice.start(
        (context) => {
          signal = context.signal
          return scripted.source(context)
        },
        { as: AS, key: 'chat', retentionMs: 60_000, onDisconnect: { graceMs: 1000 }, ...options },
      )
      const { id } = stream
      const log = logOf(store, id)
      const acts = extras.map(async (extra) => {
        const handle = await sluice.attach({ id }, { as: AS })
        if (extra === 'ended') await handle.ended
        if (extra === 'opened') await handle.opened
        if (extra === 'text') await handle.text().catch(() => {})
        if (extra === 'iterate') for await (const event of handle) void event
        if (extra === 'break') for await (const event of handle) if (event) break
        if (extra === 'info') await sluice.info({ key: 'chat' }, { as: AS }).catch(() => {})
        if (extra === 'waiting') void handle[Symbol.asyncIterator]().next()
        if (extra === 'cancel') runtime.after(2000, () => void handle.cancel())
        if (extra === 'hold' || extra === 'waiting' || extra === 'detach') {
          if (extra !== 'waiting') handle.hold()
          await new Promise<void>((resolve) => void runtime.after(500, resolve))
          handle.detach()
        }
      })
      const stories = readers.map(({ plans, options: reading }) => readWithDrops(world, { id, plans, ...reading }))
      await toQuiescence(runtime)
      await settledNow(runtime, Promise.all([...acts, ...stories]))
      assert.ok(log.end)
      const { pending, producing, delivering, store: kept } = sluice.stats()
      assert.deepEqual(
        { pending, producing, delivering, kept },
        { pending: 0, producing: 0, delivering: 0, kept: { bytes: 0, streams: 0, live: 0, health: 'ok' } },
      )
      assert.deepEqual([runtime.pendingTimers, runtime.pendingDeferred], [0, 0])
      assert.equal(log.readers.size, 0)
      // The scripted source itself listens once, until its signal aborts.
      if (signal) assert.ok(getEventListeners(signal, 'abort').length <= 1)
    },
  )
  await check(property)
})

test('contract 14: the log of a stream that has ended and expired has no watcher left', async () => {
  const { runtime, sluice, store } = createWorld()
  const stream = await sluice.start(createScriptedSource([{ yield: 'x' }], { runtime }).source, { as: AS })
  const log = logOf(store, stream.id)
  await toQuiescence(runtime)
  assert.equal(log.watchers.size, 0)
})

test('contract 14: asking for ended any number of times leaves no watcher behind once the stream is over', async () => {
  const { runtime, sluice, store } = createWorld()
  const stream = await sluice.start(createScriptedSource([{ wait: 10 }], { runtime }).source, { as: AS })
  const log = logOf(store, stream.id)
  const before = log.watchers.size
  for (let asked = 0; asked < 1000; asked++) void stream.ended
  assert.ok(log.watchers.size - before <= 1, `${log.watchers.size - before} watchers for one handle`)
  await runtime.advance(10)
  assert.equal(stream.end?.complete, true)
})

test('contract 14: a handle that is held, and then dropped by a reader that never came, does not keep its stream alive for ever', async () => {
  const { runtime, sluice } = createWorld()
  const source = createScriptedSource([{ yield: 'x' }, { hang: true }], { runtime })
  const stream = await sluice.start(source.source, { as: AS, deadlines: { idleMs: false, totalMs: false } })
  stream.hold()
  stream.detach()
  await runtime.advance(20_000)
  assert.equal(stream.end?.cause, 'disconnect')
})

test('contract 14: a sink that never closes, never drains or is closed twice leaves nothing after its close grace', async () => {
  const property = fc.asyncProperty(
    readerOptions,
    fc.integer({ min: 1, max: 100 }),
    fc.boolean(),
    async (options, queueBytes, ends) => {
      const { runtime, sluice } = createWorld()
      const steps: SourceStep[] = Array.from({ length: 10 }, () => ({ yield: 'token ' }))
      const source = createScriptedSource(ends ? steps : [...steps, { hang: true }], { runtime })
      const stream = await sluice.start(source.source, { as: AS, retentionMs: 0 })
      const { sink, connection } = serve(runtime, stream, {
        ...options,
        speed: { queueBytes, bytes: 0, everyMs: Infinity },
        stallMs: 10_000,
        closeGraceMs: 2000,
      })
      await runtime.advance(9_000)
      assert.equal(sink.state === 'destroyed', false)
      await runtime.advance(8_000)
      if (sink.waiting || sink.state !== 'open') assert.equal(connection.state, 'closed')
      connection.close()
      connection.lost()
      connection.lost()
      await toQuiescence(runtime)
      const { pending, producing, delivering } = sluice.stats()
      assert.deepEqual({ pending, producing, delivering }, { pending: 0, producing: 0, delivering: 0 })
    },
  )
  await check(property)
})
