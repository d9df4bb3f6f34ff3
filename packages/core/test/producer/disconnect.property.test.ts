import assert from 'node:assert/strict'
import type { EndEvent, OnDisconnect, TokenStream } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource } from '../../../testing/src/index.ts'
import { createWorld, logOf, serve } from '../rig/world.ts'

const AS = 'server'

type Step =
  | { do: 'pass'; ms: number }
  | { do: 'attach'; on: 0 | 1; how: 'deliver' | 'iterate' | 'hold'; read: boolean }
  | { do: 'leave'; which: number }
  | { do: 'cancel'; on: 0 | 1 }

// Time passes in even steps and graces are odd, so that nothing is due at the very moment of a step.
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: 1500 }).map((half): Step => ({ do: 'pass', ms: 2 * half })) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('attach' as const),
        on: fc.constantFrom(0 as const, 1 as const),
        how: fc.constantFrom('deliver' as const, 'iterate' as const, 'hold' as const),
        read: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.nat({ max: 7 }).map((which): Step => ({ do: 'leave', which })) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'cancel', on: 0 }, { do: 'cancel', on: 1 }) },
  ),
  { maxLength: 16 },
)
const policies: fc.Arbitrary<OnDisconnect> = fc.oneof(
  fc.constantFrom<OnDisconnect>('cancel', 'continue'),
  fc.nat({ max: 1200 }).map((half) => ({ graceMs: 2 * half + 1 })),
)

test('contract 9: a stream outlives its last reader, on whichever instance, exactly as its policy says; a cancel always wins', async () => {
  const property = fc.asyncProperty(
    steps,
    policies,
    fc.integer({ min: 0, max: 1500 }),
    async (steps, onDisconnect, half) => {
      const unattachedMs = 2 * half + 1
      let ended: { atMs: number; end: EndEvent } | undefined
      const observers = [
        { ended: (_: unknown, { end }: { end: EndEvent }) => void (ended = { atMs: runtime.now(), end }) },
      ]
      const { runtime, sluice, store } = createWorld({ observers })
      const instances = [sluice, createWorld({ runtime, store }).sluice] as const
      const source = createScriptedSource([{ yield: 'Hello' }, { hang: true }], { runtime })
      const deadlines = { firstTokenMs: 86_400_000, idleMs: false, totalMs: false } as const
      const { id } = await sluice.start(source.source, { as: AS, onDisconnect, unattachedMs, deadlines })
      const readers: (() => void)[] = []
      let dueMs = onDisconnect === 'continue' ? Infinity : unattachedMs
      let expected: { atMs: number; cause: string } | undefined
      const passed = (): void => {
        if (!expected && runtime.now() >= dueMs) expected = { atMs: dueMs, cause: 'disconnect' }
      }
      for (const step of steps) {
        if (step.do === 'pass') await runtime.advance(step.ms)
        passed()
        if (expected) break
        if (step.do === 'cancel') {
          await instances[step.on].cancel({ id }, { as: AS })
          expected = { atMs: runtime.now(), cause: 'client' }
        } else if (step.do === 'attach') {
          readers.push(await join(await instances[step.on].attach({ id }, { as: AS }), step.how))
          dueMs = Infinity
          if (step.read) await runtime.flush()
        } else if (step.do === 'leave' && readers.length > 0) {
          readers.splice(step.which % readers.length, 1)[0]!()
          if (readers.length > 0 || onDisconnect === 'continue') continue
          if (onDisconnect === 'cancel') expected = { atMs: runtime.now(), cause: 'disconnect' }
          else dueMs = runtime.now() + onDisconnect.graceMs
        }
      }
      await runtime.advance(10_000)
      passed()
      assert.deepEqual(ended && { atMs: ended.atMs, cause: ended.end.cause }, expected)
      assert.equal(source.aborted, expected !== undefined)
      if (ended) assert.deepEqual([ended.end.reason, ended.end.complete], ['cancelled', false])
      if (expected) assert.equal(source.abortedAtMs, expected.atMs)
      if (!expected) assert.equal(logOf(store, id).readers.size, readers.length)

      async function join(stream: TokenStream, how: 'deliver' | 'iterate' | 'hold'): Promise<() => void> {
        if (how === 'deliver') {
          const { sink } = serve(runtime, stream)
          return () => sink.drop()
        }
        if (how === 'hold') stream.hold()
        else
          void (async () => {
            for await (const event of stream) void event
          })()
        await Promise.resolve()
        return () => stream.detach()
      }
    },
  )
  await check(property)
})

test('contract 9: by default a stream nobody attaches to has 30 s and one that was left has 15 s, under every policy but continue', async () => {
  const cases: [OnDisconnect | undefined, boolean, number][] = [
    [undefined, false, 30_000],
    ['cancel', false, 30_000],
    [{ graceMs: 1 }, false, 30_000],
    ['continue', false, Infinity],
    [undefined, true, 15_000],
    ['cancel', true, 0],
    ['continue', true, Infinity],
  ]
  for (const [onDisconnect, attaches, expectedMs] of cases) {
    let endedMs = Infinity
    const { runtime, sluice } = createWorld({ observers: [{ ended: () => void (endedMs = runtime.now()) }] })
    const source = createScriptedSource([{ hang: true }], { runtime })
    const stream = await sluice.start(source.source, { as: AS, onDisconnect, deadlines: { firstTokenMs: 86_400_000 } })
    if (attaches) serve(runtime, stream).sink.drop()
    await runtime.advance(100_000)
    assert.equal(endedMs, expectedMs, JSON.stringify({ onDisconnect, attaches }))
  }
})

test('contract 4 and 9: switching the first-token deadline off switches off neither the total one nor the 30 s of a stream nobody attached to', async () => {
  const cases: [number | undefined, number][] = [
    [undefined, 30_000],
    [20_000, 20_000],
  ]
  for (const [totalMs, expectedMs] of cases) {
    let endedMs = Infinity
    const { runtime, sluice } = createWorld({ observers: [{ ended: () => void (endedMs = runtime.now()) }] })
    const source = createScriptedSource([{ hang: true }], { runtime })
    await sluice.start(source.source, { as: AS, deadlines: { firstTokenMs: false, totalMs } })
    await runtime.advance(100_000)
    assert.equal(endedMs, expectedMs, `totalMs ${totalMs}`)
  }
})

test('contract 9: breaking out of for await, or returning from it, is leaving and not cancelling', async () => {
  const { runtime, sluice } = createWorld()
  const source = createScriptedSource([{ yield: 'a' }, { wait: 10 }, { yield: 'b' }], { runtime })
  const stream = await sluice.start(source.source, { as: AS })
  const broke = (async () => {
    for await (const event of stream) return event
    return undefined
  })()
  await runtime.advance(5)
  assert.deepEqual(await broke, { type: 'text', text: 'a' })
  await runtime.advance(10)
  assert.equal(stream.end?.complete, true)
})
