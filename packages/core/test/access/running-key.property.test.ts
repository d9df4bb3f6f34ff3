import assert from 'node:assert/strict'
import { isSluiceError, type Source } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check } from '../rig/core-rig.ts'
import { createWorld, settledNow, toQuiescence } from '../rig/world.ts'

const AS = { owner: 'ada' }

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
