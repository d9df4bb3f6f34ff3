import assert from 'node:assert/strict'
import type { Source } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, codeOf } from '../rig/core-rig.ts'
import { createWorld } from '../rig/world.ts'

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
