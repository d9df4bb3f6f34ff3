import assert from 'node:assert/strict'
import { isSluiceError, type Principal, type StreamRef } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource } from '../../../testing/src/index.ts'
import { createWorld, type World } from '../rig/world.ts'

/** Names that read the same when they are carelessly joined. */
const name = fc.constantFrom(
  '',
  'a',
  'ab',
  'b',
  'bc',
  'abc',
  'a:b',
  ':',
  ':b',
  'b:c',
  '1:a',
  '__proto__',
  'constructor',
  'a\0b',
)
const owner = name.filter((value) => value !== '')
const principal: fc.Arbitrary<Principal> = fc.record({ tenant: fc.option(name, { nil: undefined }), owner })
const tenantOf = ({ tenant = '' }: Principal): string => tenant

/** What an outsider can tell of an answer. */
async function answer(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act()
    return 'allowed'
  } catch (error) {
    assert.ok(isSluiceError(error), String(error))
    const { code, status, message, retryAfterMs, extra, cause } = error
    return { code, status, message, retryAfterMs, extra, cause }
  }
}

function actions({ sluice }: World, ref: StreamRef, as: Principal): Record<string, () => Promise<unknown>> {
  return {
    attach: () => sluice.attach(ref, { as }),
    info: () => sluice.info(ref, { as }),
    transcript: () => sluice.transcript(ref, { as }),
    ack: () => sluice.ack(ref, { as, reader: 'r', credit: 1 }),
    send: () => sluice.send(ref, 'x', { as }),
    cancel: () => sluice.cancel(ref, { as }),
    erase: () => sluice.erase(ref, { as }),
  }
}

test('contract 12: unknown and forbidden get the identical error, for every action and every way to name a stream', async () => {
  const property = fc.asyncProperty(
    principal,
    principal,
    owner,
    fc.constantFrom('running', 'ended', 'erased'),
    async (mine, theirs, key, state) => {
      const world = createWorld()
      const { runtime, sluice } = world
      const source = createScriptedSource(state === 'ended' ? [] : [{ yield: 'secret' }, { hang: true }], { runtime })
      const { id } = await sluice.start(source.source, { as: mine, key })
      await runtime.flush()
      const tenant = tenantOf(mine)
      if (state === 'erased') await sluice.erase({ id, tenant }, { as: 'server' })
      const same = tenantOf(mine) === tenantOf(theirs) && mine.owner === theirs.owner
      const unknown = `${id.slice(0, -1)}${id.endsWith('x') ? 'y' : 'x'}`
      const pairs: [StreamRef, StreamRef][] = [
        [{ id }, { id: unknown }],
        [{ cursor: `${id}.1.0` }, { cursor: `${unknown}.1.0` }],
        [{ cursor: `${id}.9.999` }, { cursor: `${unknown}.9.999` }],
        [
          { id, tenant },
          { id: unknown, tenant },
        ],
        [
          { cursor: `${id}.1.0`, tenant },
          { cursor: `${unknown}.1.0`, tenant },
        ],
      ]
      for (const [ref, missing] of pairs) {
        const theirsActs = actions(world, ref, theirs)
        for (const [action, act] of Object.entries(theirsActs)) {
          if (same && (action === 'cancel' || action === 'erase')) continue
          const got = await answer(act)
          const lost = await answer(actions(world, missing, theirs)[action]!)
          assert.equal((lost as { code: string }).code, 'SLUICE_ERR_NOT_FOUND')
          if (same) assert.notDeepEqual(got, lost)
          else assert.deepEqual(got, lost)
        }
      }
      if (state === 'running') {
        const byKey = await answer(() => sluice.info({ key }, { as: theirs }))
        assert.equal(byKey === 'allowed', same)
        const asked = await answer(() => sluice.info({ key, tenant }, { as: theirs }))
        assert.equal(asked === 'allowed', same)
        assert.equal(source.aborted, false)
      }
    },
  )
  await check(property)
})

test('contract 12: tenant is part of the key: the same key of two tenants is two streams, and no joining of names mixes them up', async () => {
  const property = fc.asyncProperty(
    fc.uniqueArray(fc.tuple(principal, owner), {
      minLength: 2,
      maxLength: 5,
      selector: ([{ tenant = '' }, key]) => JSON.stringify([tenant, key]),
    }),
    async (pairs) => {
      const { runtime, sluice } = createWorld()
      const ids = new Set<string>()
      for (const [as, key] of pairs) {
        const stream = await sluice.start(createScriptedSource([{ hang: true }], { runtime }).source, { as, key })
        assert.equal(stream.attached, false)
        ids.add(stream.id)
      }
      assert.equal(ids.size, pairs.length)
      for (const [index, [as, key]] of pairs.entries()) {
        assert.equal((await sluice.info({ key }, { as })).id, [...ids][index])
      }
    },
  )
  await check(property)
})

test('contract 12: starting on the key of another owner in the same tenant neither joins, cancels nor names that stream', async () => {
  const property = fc.asyncProperty(fc.constantFrom('attach', 'cancel', 'refuse'), owner, async (ifRunning, key) => {
    const { runtime, sluice } = createWorld()
    const source = createScriptedSource([{ yield: 'secret' }, { hang: true }], { runtime })
    const stream = await sluice.start(source.source, { as: { owner: 'ada' }, key })
    let called = false
    const code = await answer(() =>
      sluice.start(
        () => {
          called = true
          return []
        },
        { as: { owner: 'eve' }, key, ifRunning },
      ),
    )
    await runtime.flush()
    assert.notEqual(code, 'allowed')
    assert.ok(!JSON.stringify(code).includes(stream.id))
    assert.deepEqual([source.aborted, called, stream.end], [false, false, undefined])
    assert.equal(sluice.stats().producing, 1, 'the refused start keeps a place')
  })
  await check(property)
})

test('contract 12: an authorize that throws, rejects or hangs is an error after at most 5 s and never a yes; anything but true is a no', async () => {
  const ways = fc.constantFrom<[string, () => unknown]>(
    ['throws', () => assert.fail('secret')],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['hangs', () => new Promise(() => {})],
    ['1', () => 1],
    ['"yes"', () => 'yes'],
    ['undefined', () => undefined],
    ['{}', () => ({})],
    ['promise of 1', () => Promise.resolve(1)],
    ['false', () => Promise.resolve(false)],
  )
  const acts = fc.constantFrom('attach', 'info', 'transcript', 'ack', 'send', 'cancel', 'erase')
  await check(
    fc.asyncProperty(ways, acts, async ([way, authorize], action) => {
      const world = createWorld({ authorize: authorize as () => boolean })
      const { runtime, sluice } = world
      const source = createScriptedSource([{ hang: true }], { runtime })
      const { id } = await sluice.start(source.source, { as: { owner: 'ada' } })
      const asked = answer(actions(world, { id }, { owner: 'ada' })[action]!)
      let got: unknown
      void asked.then((value) => (got = value))
      await runtime.advance(way === 'hangs' ? 4999 : 0)
      if (way === 'hangs') assert.equal(got, undefined)
      await runtime.advance(way === 'hangs' ? 1 : 0)
      const { code, message } = got as { code: string; message: string }
      const failed = way === 'throws' || way === 'rejects' || way === 'hangs'
      assert.equal(code, failed ? 'SLUICE_ERR_OVERLOADED' : 'SLUICE_ERR_NOT_FOUND')
      assert.ok(!message.includes('secret'))
      assert.equal(source.aborted, false)
    }),
  )
})
