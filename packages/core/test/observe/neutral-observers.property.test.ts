import assert from 'node:assert/strict'
import { type Observer, type Settle, type Sluice, SluiceError, type StreamResult } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource } from '../../../testing/src/index.ts'
import { play, readerOptions, readingPlans, sourceScripts, streamOptions } from '../rig/scenarios.ts'
import { createWorld, logOf, readWithDrops, settledNow, toQuiescence } from '../rig/world.ts'

const AS = 'server'
const HOOKS = ['started', 'opened', 'attached', 'chunk', 'detached', 'ended', 'lost', 'sourceLeaked', 'failed'] as const

type Nuisance = (sluice: Sluice, id: string) => unknown

/** What an observer may do at worst without saying anything to its sluice. */
const RUDE: readonly Nuisance[] = [
  () => assert.fail('an observer threw'),
  () => Promise.reject(new Error('an observer rejected')),
  () => new Promise(() => {}),
  // oxlint-disable-next-line unicorn/no-thenable -- that is the point
  () => ({ then: () => assert.fail('a thenable threw') }),
  () => {
    throw undefined
  },
]

function observerOf(acts: readonly (Nuisance | undefined)[], sluice: () => Sluice): Observer {
  const hook =
    (act: Nuisance | undefined) =>
    (stream?: { id: string }): unknown =>
      stream && act?.(sluice(), stream.id)
  return Object.fromEntries(HOOKS.map((name, index) => [name, hook(acts[index])])) as Observer
}

test('contract 13: a run with observers that throw, reject and hang is byte for byte the run without them', async () => {
  const acts = fc.array(fc.option(fc.constantFrom(...RUDE), { nil: undefined }), { minLength: 8, maxLength: 8 })
  const property = fc.asyncProperty(
    fc.tuple(sourceScripts(20), streamOptions),
    fc.array(fc.record({ plans: readingPlans(2), options: readerOptions }), { minLength: 1, maxLength: 2 }),
    acts,
    fc.option(fc.nat({ max: 4000 }), { nil: undefined }),
    async ([script, options], readers, acts, cancelMs) => {
      const run = async (observers: Observer[]): Promise<unknown> => {
        const world = createWorld({ observers })
        const { runtime, sluice, store } = world
        const { id } = await sluice.start(play(script, runtime).source, { as: AS, ...options })
        const stories = readers.map(({ plans, options: reading }) => readWithDrops(world, { id, plans, ...reading }))
        if (cancelMs !== undefined) runtime.after(cancelMs, () => void sluice.cancel({ id }, { as: AS }))
        await runtime.advance(300_000)
        const told = await settledNow(runtime, Promise.all(stories))
        const { end, lastSeq, totalBytes } = logOf(store, id)
        const text = JSON.stringify({ told, end, lastSeq, totalBytes }).replaceAll(id, 'ID')
        await toQuiescence(runtime)
        return text
      }
      const world = { sluice: undefined as unknown as Sluice }
      assert.equal(await run([observerOf(acts, () => world.sluice)]), await run([]))
    },
  )
  await check(property)
})

test('contract 13: hooks that re-enter (cancel, attach, erase, start, drain) break nothing: one end, everyone is told, all comes to rest', async () => {
  const reentrant: readonly Nuisance[] = [
    (sluice, id) => void sluice.cancel({ id }, { as: AS }).catch(() => {}),
    (sluice, id) =>
      void sluice.attach({ id }, { as: AS }).then(
        (stream) => stream.result(),
        () => {},
      ),
    (sluice, id) => void sluice.info({ id }, { as: AS }).catch(() => {}),
    (sluice) => void sluice.stats(),
    (sluice) => void sluice.drain({ withinMs: 100 }),
    (sluice, id) =>
      void sluice.attach({ id }, { as: AS }).then(
        (stream) => stream.cancel(),
        () => {},
      ),
  ]
  const acts = fc.array(fc.option(fc.constantFrom(...reentrant), { nil: undefined }), { minLength: 8, maxLength: 8 })
  const property = fc.asyncProperty(sourceScripts(20), acts, readingPlans(2), async (script, acts, plans) => {
    let ends = 0
    // A hook that attaches calls the hook that attaches: a few times is enough.
    let left = 5
    const limited = acts.map(
      (act): Nuisance =>
        (sluice, id) =>
          left-- > 0 ? act?.(sluice, id) : undefined,
    )
    const world = createWorld({
      observers: [observerOf(limited, () => world.sluice), { ended: () => void ends++ }],
    })
    const { runtime, sluice, store } = world
    const { id } = await sluice.start(play(script, runtime).source, { as: AS })
    const story = readWithDrops(world, { id, plans })
    await runtime.advance(300_000)
    const { end, codes, problems } = await settledNow(runtime, story)
    assert.deepEqual([problems, codes], [[], []])
    assert.deepEqual(end, JSON.parse(JSON.stringify(logOf(store, id).end)))
    assert.equal(ends, 1)
    await toQuiescence(runtime)
    assert.deepEqual([sluice.stats().pending, sluice.stats().producing, sluice.stats().delivering], [0, 0, 0])
  })
  await check(property)
})

test('contract 13: settle runs until it succeeds, with the whole result, and what it does changes no reader and no end', async () => {
  const way = fc.constantFrom<() => void | Promise<void>>(
    () => {},
    () => assert.fail('settle threw'),
    () => Promise.reject(new Error('settle rejected')),
    () => Promise.resolve(),
  )
  const property = fc.asyncProperty(sourceScripts(20), fc.array(way, { maxLength: 3 }), async (script, ways) => {
    const results: StreamResult[] = []
    const settle: Settle = (result) => {
      results.push(result)
      return ways[results.length - 1]?.()
    }
    const world = createWorld({ settle })
    const { runtime, sluice, store } = world
    let waited: Promise<void> | undefined
    const stream = await sluice.start(play(script, runtime).source, {
      as: AS,
      waitUntil: (promise) => void (waited = promise),
    })
    const story = readWithDrops(world, { id: stream.id, plans: [] })
    await runtime.advance(300_000)
    const needed = 1 + ways.findIndex((act) => !String(act).includes('fail') && !String(act).includes('reject'))
    assert.equal(results.length, needed > 0 ? needed : ways.length + 1)
    await settledNow(runtime, waited!)
    const { end } = logOf(store, stream.id)
    for (const result of results) assert.deepEqual([result.id, result.end], [stream.id, end])
    assert.equal((await settledNow(runtime, story)).end?.complete, true)
  })
  await check(property)
})

test('contract 13: settle runs for a stream whose source never comes to rest', async () => {
  const results: StreamResult[] = []
  const { runtime, sluice } = createWorld({ settle: (result) => void results.push(result) })
  const source = createScriptedSource([{ yield: 'x' }, { ignoreAbort: true }, { hang: true }], { runtime })
  const stream = await sluice.start(source.source, { as: AS })
  await runtime.flush()
  await stream.cancel()
  await runtime.advance(60_000)
  assert.deepEqual(
    results.map(({ text, end }) => [text, end.reason]),
    [['x', 'cancelled']],
  )
})

test('contract 13: an errorFor that throws, or answers what is no error, is masked, and the stream still ends once with error', async () => {
  const answers: [string, () => unknown][] = [
    ['throws', () => assert.fail('secret')],
    ['undefined', () => undefined],
    ['null', () => null],
    ['text', () => 'secret'],
    ['{}', () => ({})],
    ['promise', () => new Promise(() => {})],
  ]
  for (const [way, errorFor] of answers) {
    const { runtime, sluice } = createWorld({ errorFor: errorFor as never })
    const source = createScriptedSource([{ yield: 'a' }, { throw: new Error('secret') }], { runtime })
    const stream = await sluice.start(source.source, { as: AS })
    const end = await settledNow(runtime, stream.ended)
    assert.deepEqual([way, end.reason, end.complete, typeof end.error?.code], [way, 'error', false, 'string'])
    assert.ok(!JSON.stringify(end).includes('secret'))
  }
})

test('contract 13: a transform that fails, when it is made, called or flushed, ends its stream with error and frees everything', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom('made', 'called', 'flushed'),
    fc.nat({ max: 3 }),
    async (when, after) => {
      let calls = 0
      const fail = (): never => {
        throw new SluiceError('SLUICE_ERR_REQUEST', 'The transform failed.')
      }
      const { runtime, sluice } = createWorld({
        limits: { streamsPerOwner: 1 },
        transforms: [
          () => ({
            transform: (event) => (when === 'called' && calls++ >= after ? fail() : [event]),
            flush: () => (when === 'flushed' ? fail() : []),
            ...(when === 'made' ? fail() : {}),
          }),
        ],
      })
      const source = createScriptedSource(
        'abcdef'.split('').map((text) => ({ yield: text })),
        { runtime },
      )
      const as = { owner: 'ada' }
      const stream = await sluice.start(source.source, { as, key: 'chat' }).catch(() => undefined)
      await runtime.advance(10_000)
      if (stream) {
        const end = await settledNow(runtime, stream.ended)
        assert.deepEqual([end.reason, end.complete], ['error', false])
      }
      // However the application is told, no stream may be left that never ends, holding its key and its place.
      assert.deepEqual([sluice.stats().producing, sluice.stats().store.live], [0, 0])
      const again = await sluice.start(source.source, { as, key: 'chat' }).catch(() => undefined)
      assert.notEqual(again?.attached, true)
    },
  )
  await check(property)
})
