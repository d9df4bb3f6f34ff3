import assert from 'node:assert/strict'
import { isSluiceError, type Source } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, codeOf, createScriptedSource } from '../rig/core-rig.ts'
import { createWorld, toQuiescence } from '../rig/world.ts'

const AS = { owner: 'ada' }

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
        // A whole number of milliseconds, and rounded up by a hair.
        const tooSoonMs = Math.max(0, error.retryAfterMs! - 2)
        await runtime.advance(tooSoonMs)
        assert.equal(await codeOf(sluice.start(() => [], { as: AS })), 'SLUICE_ERR_RATE')
        await runtime.advance(error.retryAfterMs! - tooSoonMs)
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
