import assert from 'node:assert/strict'
import { isSluiceError, type Runtime, type Source } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource, type SourceStep, type SourceShape } from '../../../testing/src/index.ts'
import { eventsOf, plain } from '../log/logged-run.ts'
import { createWorld, logOf, serve, settledNow } from '../rig/world.ts'

const AS = { owner: 'ada' }
const sleep = (runtime: Runtime, ms: number): Promise<void> => new Promise((resolve) => void runtime.after(ms, resolve))

test('contract 8: cancel closes the log at once, aborts the signal in the same turn, is idempotent, and tells everyone the same end', async () => {
  const scripts = fc.record({
    steps: fc.array(fc.constantFrom<SourceStep>({ yield: 'token ' }, { wait: 10 }), { maxLength: 20 }),
    ignores: fc.boolean(),
    shape: fc.constantFrom<SourceShape>('async-iterable', 'iterator-without-return', 'readable-stream'),
    openingMs: fc.option(fc.nat({ max: 60 }), { nil: undefined }),
  })
  const property = fc.asyncProperty(
    scripts,
    fc.nat({ max: 150 }),
    fc.array(fc.constantFrom('sluice', 'other sluice', 'handle', 'key'), { minLength: 1, maxLength: 4 }),
    async ({ steps, ignores, shape, openingMs }, atMs, parties) => {
      const { runtime, sluice, store } = createWorld()
      const other = createWorld({ runtime, store }).sluice
      const last: SourceStep[] = ignores ? [{ yieldAfterAbort: 20 }] : [{ hang: true }]
      const before: SourceStep[] = ignores ? [{ ignoreAbort: true }] : []
      const opening = openingMs === undefined ? undefined : [{ wait: openingMs }]
      const source = createScriptedSource([...before, ...steps, ...last], { runtime, shape, opening })
      const stream = await sluice.start(source.source, { as: AS, key: 'chat' })
      const { id } = stream
      const readers = [stream, await other.attach({ id }, { as: AS })].map((one) => serve(runtime, one))
      await runtime.advance(atMs)
      const log = logOf(store, id)
      const acts = parties.map(async (party) => {
        if (party === 'handle') return stream.cancel()
        if (party === 'key' && !log.end) return (await sluice.cancel({ key: 'chat' }, { as: AS })).end
        return (await (party === 'sluice' ? sluice : other).cancel({ id }, { as: AS })).end
      })
      const ends = await Promise.all(acts)
      const { end, lastSeq } = log
      assert.deepEqual([end?.reason, end?.complete, end?.cause], ['cancelled', false, 'client'])
      assert.ok(end?.usage, 'a cancelled stream says what it used')
      assert.deepEqual([source.aborted, source.abortedAtMs], [true, runtime.now()])
      for (const one of ends) assert.deepEqual(one, end)
      assert.deepEqual((await sluice.cancel({ id }, { as: AS })).end, end)
      await runtime.advance(20_000)
      assert.equal(log.lastSeq, lastSeq, 'something was stored after the end')
      assert.ok(!JSON.stringify(eventsOf(log)).includes('late'))
      for (const { understood } of readers) assert.deepEqual(understood().entries.at(-1)?.event, plain(end))
      assert.equal(sluice.stats().producing, source.settled || source.outstanding === 0 ? 0 : 1)
    },
  )
  await check(property)
})

test('contract 8: the signal of a source that looks at it only after the cancel is aborted too', async () => {
  const { runtime, sluice } = createWorld()
  let late: boolean | undefined
  const stream = await sluice.start(
    async function* (context) {
      yield 'x'
      await sleep(runtime, 1000)
      late = context.signal.aborted
    },
    { as: AS },
  )
  await runtime.flush()
  await stream.cancel()
  await runtime.advance(1000)
  assert.equal(late, true)
})

test('contract 8: a source that ignores its abort is counted as leaked after 5 s, and its place is kept until it settles', async () => {
  const property = fc.asyncProperty(
    fc.nat({ max: 3000 }),
    fc.integer({ min: 1, max: 20_000 }),
    fc.constantFrom('next', 'opening', 'return'),
    async (cancelMs, restMs, where) => {
      fc.pre(restMs !== 5000)
      const leakedAt: number[] = []
      const { runtime, sluice } = createWorld({
        limits: { streamsPerOwner: 1 },
        observers: [{ sourceLeaked: () => void leakedAt.push(runtime.now()) }],
      })
      const deaf = (): Promise<void> => sleep(runtime, cancelMs + restMs - runtime.now())
      const source: Source = {
        next: async function* () {
          await deaf()
          yield 'late'
        },
        opening: async () => {
          await deaf()
          return ['late']
        },
        return: async function* () {
          try {
            yield 'early'
            await sleep(runtime, cancelMs)
            yield 'in time'
          } finally {
            await deaf()
          }
        },
      }[where] as Source
      const stream = await sluice.start(source, { as: AS })
      await runtime.advance(cancelMs)
      await stream.cancel()
      await runtime.advance(restMs - 1)
      assert.equal(sluice.stats().producing, 1)
      await assert.rejects(
        sluice.start(() => [], { as: AS }),
        (error) => {
          assert.ok(isSluiceError(error) && error.code === 'SLUICE_ERR_TOO_MANY_STREAMS')
          return true
        },
      )
      await runtime.advance(1)
      assert.equal(sluice.stats().producing, 0)
      await runtime.advance(30_000)
      assert.deepEqual(leakedAt, restMs > 5000 ? [cancelMs + 5000] : [])
      assert.equal(sluice.stats().pending, 0)
      await sluice.start(() => [], { as: AS })
    },
  )
  await check(property)
})

test('contract 8: cancel that races completion at the same instant leaves one end, and that is what is acknowledged', async () => {
  const property = fc.asyncProperty(fc.nat({ max: 6 }), fc.nat({ max: 40 }), async (tokens, hops) => {
    const { sluice, store, runtime } = createWorld()
    const stream = await sluice.start(
      async function* () {
        for (let index = 0; index < tokens; index++) yield 'x'
      },
      { as: AS },
    )
    const log = logOf(store, stream.id)
    for (let hop = 0; hop < hops; hop++) await Promise.resolve()
    const before = log.end
    const end = await stream.cancel()
    assert.deepEqual(end, log.end)
    if (before) assert.equal(end, before)
    await runtime.advance(10_000)
    assert.equal(eventsOf(log).filter(({ type }) => type === 'end').length, 1)
    assert.deepEqual(await settledNow(runtime, stream.ended), end)
  })
  await check(property)
})

test('contract 8: erase cancels, forgets, and leaves the stream gone for its owner and unknown to others', async () => {
  const property = fc.asyncProperty(fc.nat({ max: 50 }), async (atMs) => {
    const { runtime, sluice } = createWorld()
    const source = createScriptedSource([{ yield: 'secret' }, { wait: 20 }, { yield: 'secret' }], { runtime })
    const stream = await sluice.start(source.source, { as: AS })
    const serving = serve(runtime, stream)
    await runtime.advance(atMs)
    const info = await sluice.erase({ id: stream.id }, { as: AS })
    assert.equal(info.status, 'ended')
    const code = async (act: Promise<unknown>): Promise<string> =>
      act.then(
        () => 'none',
        (error: unknown) => (isSluiceError(error) ? error.code : String(error)),
      )
    assert.equal(await code(sluice.attach({ id: stream.id }, { as: AS })), 'SLUICE_ERR_GONE')
    assert.equal(await code(sluice.erase({ id: stream.id }, { as: AS })), 'SLUICE_ERR_GONE')
    assert.equal(await code(sluice.attach({ id: stream.id }, { as: { owner: 'eve' } })), 'SLUICE_ERR_NOT_FOUND')
    await runtime.advance(60_000)
    await settledNow(runtime, serving.over)
    const { entries, closed } = serving.understood()
    assert.ok(closed || entries.at(-1)?.event.type === 'end', 'a reader of an erased stream was told nothing')
    assert.equal(sluice.stats().store.bytes, 0)
    assert.equal(sluice.stats().pending, 0)
  })
  await check(property)
})
