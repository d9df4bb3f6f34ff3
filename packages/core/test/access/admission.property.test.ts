import assert from 'node:assert/strict'
import { isSluiceError, type Source } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource } from '../../../testing/src/index.ts'
import { createWorld, serve, settledNow, toQuiescence } from '../rig/world.ts'

const AS = { owner: 'ada' }

const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'ok',
    (error: unknown) => (isSluiceError(error) ? error.code : String(error)),
  )

test('design 2: at most one live stream per key: attach joins it, refuse is refused, cancel replaces it, and only one source runs', async () => {
  const starts = fc.array(
    fc.record({
      ifRunning: fc.constantFrom('attach' as const, 'cancel' as const, 'refuse' as const, undefined),
      together: fc.boolean(),
      lastsMs: fc.integer({ min: 1, max: 500 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  const property = fc.asyncProperty(starts, async (starts) => {
    const world = createWorld()
    const { runtime, store } = world
    const instances = [world.sluice, createWorld({ runtime, store }).sluice]
    let running = 0
    let most = 0
    const source = (lastsMs: number): Source =>
      async function* ({ signal }) {
        most = Math.max(most, ++running)
        signal.addEventListener('abort', () => running--)
        yield 'x'
        await new Promise<void>((resolve) => void runtime.after(lastsMs, resolve))
        if (!signal.aborted) running--
      }
    let live: string | undefined
    const asked: Promise<void>[] = []
    for (const [index, { ifRunning, together, lastsMs }] of starts.entries()) {
      const act = async (): Promise<void> => {
        const before = await instances[0]!.info({ key: 'chat' }, { as: AS }).catch(() => undefined)
        const stream = await instances[index % 2]!.start(source(lastsMs), { as: AS, key: 'chat', ifRunning }).catch(
          (error: unknown) => error as Error,
        )
        if (stream instanceof Error) {
          assert.ok(isSluiceError(stream) && stream.code === 'SLUICE_ERR_KEY_RUNNING' && ifRunning === 'refuse')
          return
        }
        if (!together && before?.status === 'running') {
          assert.equal(stream.attached, ifRunning !== 'cancel')
          assert.equal(stream.id === before.id, ifRunning !== 'cancel')
        }
        live = stream.id
      }
      asked.push(act())
      if (!together) await runtime.advance(100)
    }
    await settledNow(runtime, Promise.all(asked))
    assert.ok(live)
    assert.ok(most <= 1, `${most} sources ran at once under one key`)
    await toQuiescence(runtime)
    assert.equal(running, 0)
  })
  await check(property)
})

test('design 6: the same idempotency key and fingerprint is the same stream, also after its end; another fingerprint is refused; nobody else is touched', async () => {
  const property = fc.asyncProperty(
    fc.array(
      fc.record({
        owner: fc.constantFrom('ada', 'eve'),
        key: fc.constantFrom('k', 'kk'),
        fingerprint: fc.constantFrom('1', '2'),
        waitMs: fc.constantFrom(0, 10, 100),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    async (asks) => {
      const { runtime, sluice } = createWorld()
      const known = new Map<string, { id: string; fingerprint: string }>()
      let called = 0
      for (const { owner, key, fingerprint, waitMs } of asks) {
        const source: Source = async function* () {
          called++
          await new Promise<void>((resolve) => void runtime.after(50, resolve))
          yield 'x'
        }
        const before = known.get(`${owner} ${key}`)
        const calledBefore = called
        const start = sluice.start(source, { as: { owner }, idempotency: { key, fingerprint } })
        if (before && before.fingerprint !== fingerprint)
          assert.equal(await codeOf(start), 'SLUICE_ERR_IDEMPOTENCY_MISMATCH')
        else {
          const stream = await start
          if (before) assert.deepEqual([stream.id, stream.attached, called], [before.id, true, calledBefore])
          else known.set(`${owner} ${key}`, { id: stream.id, fingerprint })
        }
        await runtime.advance(waitMs)
      }
      assert.equal(called, known.size)
      assert.equal(new Set([...known.values()].map(({ id }) => id)).size, known.size)
      await runtime.advance(100)
      assert.equal(sluice.stats().producing, 0)
    },
  )
  await check(property)
})

test('design 3: places of the limits are freed on every way out, and never before', async () => {
  const ways = fc.array(
    fc.constantFrom(
      'completes',
      'throws',
      'throws at once',
      'cancelled',
      'joined',
      'refused',
      'mismatch',
      'bad option',
      'leaks',
      'nobody',
      'erased',
    ),
    { minLength: 1, maxLength: 8 },
  )
  const property = fc.asyncProperty(ways, async (ways) => {
    const { runtime, sluice } = createWorld({ limits: { streamsPerOwner: 2, streams: 3 } })
    const hang: Source = (context) => createScriptedSource([{ hang: true }], { runtime }).source(context)
    const other = await sluice.start(hang, {
      as: AS,
      key: 'other',
      idempotency: { key: 'i', fingerprint: '1' },
      onDisconnect: 'continue',
      deadlines: { firstTokenMs: 86_400_000, totalMs: false },
    })
    for (const way of ways) {
      if (way === 'completes') await sluice.start(() => ['x'], { as: AS })
      if (way === 'throws') await sluice.start(createScriptedSource([{ throw: 1 }], { runtime }).source, { as: AS })
      if (way === 'throws at once')
        await sluice.start(
          () => {
            throw new Error('x')
          },
          { as: AS },
        )
      if (way === 'cancelled') await (await sluice.start(hang, { as: AS })).cancel()
      if (way === 'joined') assert.equal((await sluice.start(hang, { as: AS, key: 'other' })).id, other.id)
      if (way === 'refused')
        assert.equal(
          await codeOf(sluice.start(hang, { as: AS, key: 'other', ifRunning: 'refuse' })),
          'SLUICE_ERR_KEY_RUNNING',
        )
      if (way === 'mismatch')
        assert.equal(
          await codeOf(sluice.start(hang, { as: AS, idempotency: { key: 'i', fingerprint: '2' } })),
          'SLUICE_ERR_IDEMPOTENCY_MISMATCH',
        )
      if (way === 'bad option')
        assert.equal(await codeOf(sluice.start(hang, { as: AS, windowBytes: -1 })), 'SLUICE_ERR_OPTION')
      if (way === 'nobody') {
        await sluice.start(hang, { as: AS })
        await runtime.advance(30_000)
      }
      if (way === 'erased') await sluice.erase({ id: (await sluice.start(hang, { as: AS })).id }, { as: AS })
      if (way === 'leaks') {
        const deaf = createScriptedSource([{ ignoreAbort: true }, { wait: 20_000 }], { runtime })
        await (await sluice.start(deaf.source, { as: AS })).cancel()
        await runtime.advance(19_999)
        assert.equal(sluice.stats().producing, 2)
        assert.equal(await codeOf(sluice.start(hang, { as: AS })), 'SLUICE_ERR_TOO_MANY_STREAMS')
        await runtime.advance(1)
      }
      await runtime.flush()
      assert.equal(sluice.stats().producing, 1, `a stream that ${way} keeps its place`)
    }
    const second = await sluice.start(hang, { as: AS })
    assert.equal(await codeOf(sluice.start(hang, { as: AS })), 'SLUICE_ERR_TOO_MANY_STREAMS')
    const third = await sluice.start(hang, { as: { owner: 'eve' } })
    assert.equal(sluice.stats().producing, 3)
    assert.equal(await codeOf(sluice.start(hang, { as: { owner: 'bob' } })), 'SLUICE_ERR_OVERLOADED')
    await Promise.all([other, second, third].map((stream) => stream.cancel()))
    await toQuiescence(runtime)
    assert.equal(sluice.stats().producing, 0)
  })
  await check(property)
})

test('design 3: an owner starts at most a burst and then the rate, whatever the order, and retryAfterMs tells when', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 6 }),
    fc.array(fc.nat({ max: 600 }), { maxLength: 30 }),
    async (startsPerSecond, startBurst, waits) => {
      const { runtime, sluice } = createWorld({ limits: { startsPerSecond, startBurst } })
      const startedMs: number[] = []
      for (const ms of waits) {
        await runtime.advance(ms)
        const error: unknown = await sluice
          .start(() => [], { as: AS })
          .then(
            () => void startedMs.push(runtime.now()),
            (failure: unknown) => failure,
          )
        if (error === undefined) continue
        assert.ok(isSluiceError(error) && error.code === 'SLUICE_ERR_RATE')
        await runtime.advance(error.retryAfterMs!)
        await sluice.start(() => [], { as: AS })
        startedMs.push(runtime.now())
      }
      for (const [from, first] of startedMs.entries()) {
        for (const [index, lastMs] of startedMs.slice(from).entries()) {
          assert.ok(index + 1 <= startBurst + (startsPerSecond * (lastMs - first)) / 1000 + 1e-6)
        }
      }
    },
  )
  await check(property)
})

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
      assert.ok(drainedMs <= Math.min(longest, withinMs) + 100, `drained after ${drainedMs} ms`)
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
