import assert from 'node:assert/strict'
import { type EndEvent, type Source, SluiceError, type StreamResult } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource, type ScriptedSource, type SourceStep } from '../../../testing/src/index.ts'
import { eventsOf, plain } from '../log/logged-run.ts'
import { readerOptions, readingPlans } from '../rig/scenarios.ts'
import { createWorld, logOf, readWithDrops, settledNow, toQuiescence } from '../rig/world.ts'

const AS = 'server'

/** Things that get thrown, boxed: the last one cannot even be looked at. */
const thrown = fc.nat({ max: 13 }).map((index) => ({
  error: THROWN[index],
  toString: () => `thrown ${index}`,
  [fc.toStringMethod]: () => `THROWN[${index}]`,
}))
const THROWN: readonly unknown[] = [
  ...[new Error('secret'), 'secret', undefined, null, 0, Symbol('secret'), 10n, Object.freeze({ message: 'secret' })],
  ...[
    Object.create(null),
    new DOMException('secret', 'AbortError'),
    { toString: () => assert.fail('secret') },
    () => {},
  ],
  new SluiceError('SLUICE_ERR_BACKEND', 'The backend is busy.', { status: 429, retryAfterMs: 2000 }),
  new Proxy({}, { get: () => assert.fail('looked at'), has: () => assert.fail('looked at') }),
]

interface Script {
  steps: SourceStep[]
  opening: SourceStep[] | undefined
  throwAtOnce: { error: unknown } | undefined
}

/** Keeps fast-check from looking at what is thrown. */
const thrower = (error: unknown): SourceStep => Object.defineProperty({ throw: 0 }, 'throw', { get: () => error })

const some = fc.array(
  fc.oneof(
    fc.string({ maxLength: 6 }).map((text): SourceStep => ({ yield: text })),
    fc.integer({ min: 1, max: 3000 }).map((ms): SourceStep => ({ wait: ms })),
  ),
  { maxLength: 8 },
)
const last: fc.Arbitrary<SourceStep> = fc.oneof(
  fc.constantFrom<SourceStep>('end', { hang: true }, { yieldAfterAbort: 5 }),
  thrown.map(({ error }): SourceStep => thrower(error)),
)
const scripts: fc.Arbitrary<Script> = fc
  .record({
    before: some,
    ignores: fc.boolean(),
    last,
    opening: fc.option(fc.tuple(fc.nat({ max: 500 }), fc.option(thrown)), { nil: undefined }),
    throwAtOnce: fc.option(thrown, { nil: undefined, freq: 9 }),
  })
  .map(({ before, ignores, last, opening, throwAtOnce }) => {
    const steps: SourceStep[] = ignores ? [{ ignoreAbort: true }, ...before, last] : [...before, last]
    const waits: SourceStep[] = opening && opening[0] > 0 ? [{ wait: opening[0] }] : []
    const fails: SourceStep[] = opening?.[1] ? [thrower(opening[1].error)] : []
    return { steps, opening: opening && [...waits, ...fails], throwAtOnce }
  })

const killers = fc.array(
  fc.record({
    atMs: fc.oneof(fc.constant(0), fc.nat({ max: 20 }), fc.nat({ max: 10_000 })),
    how: fc.constantFrom('cancel', 'handle', 'replace', 'drain', 'erase', 'twice'),
  }),
  { maxLength: 3 },
)

test('contract 3: however a stream comes to its end, there is exactly one, nothing follows it, and everyone is told the same', async () => {
  const readers = fc.array(
    fc.record({ plans: readingPlans(2), options: readerOptions, delayMs: fc.nat({ max: 12_000 }) }),
    { maxLength: 3 },
  )
  const property = fc.asyncProperty(scripts, killers, readers, async (script, killers, readers) => {
    const told: { end: EndEvent; events: number }[] = []
    const settled: StreamResult[] = []
    let startedId = ''
    const world = createWorld({
      observers: [
        {
          started: ({ id }) => void (startedId ||= id),
          ended: ({ id }, info) => void (id === startedId && told.push(info)),
        },
      ],
      settle: (result) => void (result.id === startedId && settled.push(result)),
    })
    const { runtime, sluice, store } = world
    const source: ScriptedSource = createScriptedSource(script.steps, { runtime, ...script })
    const stream = await sluice.start(source.source, { as: AS, key: 'chat' })
    const { id } = stream
    const log = logOf(store, id)
    const ended = stream.ended
    const acknowledged: (EndEvent | undefined)[] = []
    const acts = killers.map(async ({ atMs, how }) => {
      await new Promise<void>((resolve) => void runtime.after(atMs, resolve))
      if (how === 'handle') acknowledged.push(await stream.cancel())
      if (how === 'cancel' || how === 'twice') acknowledged.push(await cancelled())
      if (how === 'twice') acknowledged.push(await cancelled())
      if (how === 'replace') await sluice.start(() => [], { as: AS, key: 'chat', ifRunning: 'cancel' }).catch(() => {})
      if (how === 'drain') await sluice.drain({ withinMs: 50 })
      if (how === 'erase') await sluice.erase({ id }, { as: AS }).catch(() => {})
    })
    const cancelled = async (): Promise<EndEvent | undefined> =>
      (await sluice.cancel({ id }, { as: AS }).catch(() => undefined))?.end ?? log.end
    const stories = readers.map(async ({ plans, options, delayMs }) => {
      await new Promise<void>((resolve) => void runtime.after(delayMs, resolve))
      return readWithDrops(world, { id, plans, ...options })
    })
    await runtime.advance(300_000)
    const erased = killers.some(({ how }) => how === 'erase')
    const { end } = log
    assert.ok(end, 'the stream has not ended')
    assert.deepEqual(await settledNow(runtime, ended), end)
    await settledNow(runtime, Promise.all(acts))
    for (const one of acknowledged) assert.deepEqual(one, end)
    for (const { end: told, codes, problems } of await settledNow(runtime, Promise.all(stories))) {
      assert.deepEqual(problems, [])
      if (told) assert.deepEqual(told, plain(end))
      else assert.ok(erased || codes.length > 0, 'a reader was told nothing')
      if (!erased) assert.deepEqual([told, codes], [plain(end), []])
    }
    assert.deepEqual(
      told.map((info) => [info.end, info.events]),
      [[end, log.lastSeq]],
    )
    assert.equal(settled.length, 1)
    assert.deepEqual(settled[0]!.end, end)
    if (!erased) {
      const events = eventsOf(log)
      assert.deepEqual(
        events.flatMap((event, index) => (event.type === 'end' ? [index] : [])),
        [events.length - 1],
      )
      const late = await settledNow(runtime, readWithDrops(world, { id, plans: [] }))
      assert.deepEqual(late.end, plain(end))
    }
    assert.ok(!JSON.stringify(end).includes('secret'), 'what a source throws is not for readers')
    if (end.complete) assert.ok(!end.error && !end.cause)
    else assert.ok(end.cause, 'a cut stream does not say who cut it')
    await toQuiescence(runtime)
  })
  await check(property)
})

test('contract 3: a source that fails ends its stream with error, whatever it threw and wherever', async () => {
  const property = fc.asyncProperty(
    thrown,
    fc.constantFrom('at once', 'opening', 'next', 'later'),
    async ({ error }, where) => {
      const { runtime, sluice } = createWorld()
      const source: Source = {
        'at once': () => {
          throw error
        },
        opening: () => Promise.reject(error) as Promise<never>,
        next: async function* () {
          yield await (Promise.reject(error) as Promise<string>)
        },
        later: async function* () {
          yield 'Hello'
          throw error
        },
      }[where] as Source
      const stream = await sluice.start(source, { as: AS })
      const ended = stream.ended
      await runtime.flush()
      const end = await settledNow(runtime, ended)
      assert.deepEqual([end.reason, end.complete, end.cause], ['error', false, 'source'])
      assert.equal(typeof end.error?.code, 'string')
      // A generator opens with its first item.
      assert.deepEqual(await settledNow(runtime, stream.opened), where === 'later' ? undefined : end)
    },
  )
  await check(property)
})

test('contract 3: an item that no source may yield ends the stream with error, never silently', async () => {
  const items = fc.constantFrom<unknown>(null, undefined, 0, {}, { type: 'end' }, { type: 'nonsense' }, [[]], 10n, true)
  await check(
    fc.asyncProperty(items, fc.boolean(), async (item, inArray) => {
      const { runtime, sluice } = createWorld()
      const stream = await sluice.start(() => [inArray ? [item] : item] as never, { as: AS })
      const end = await settledNow(runtime, stream.ended)
      assert.deepEqual([end.reason, end.complete], ['error', false])
      assert.equal(end.error?.code, 'SLUICE_ERR_SOURCE_ITEM')
    }),
  )
})
