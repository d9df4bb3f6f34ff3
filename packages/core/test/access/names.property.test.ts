import { createSluice } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, sluiceErrorOf } from '../rig/core-rig.ts'

const lone = fc
  .tuple(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0xd800, max: 0xdfff }), fc.string({ unit: 'grapheme' }))
  .map(([before, half, after]) => before + String.fromCharCode(half) + after)
  .filter((name) => !name.isWellFormed())

async function* silent(): AsyncGenerator<string> {
  yield 'internal'
  await new Promise(() => {})
}

describe('contract 12: the application itself', () => {
  test('is nobody that data can name: no owner reads, cancels, erases or repeats what it has started', async () => {
    await check(
      fc.asyncProperty(fc.oneof(fc.constantFrom('server', '', 'undefined', ' '), fc.string()), async (owner) => {
        const sluice = createSluice()
        const idempotency = { key: 'k', fingerprint: 'f' }
        const own = await sluice.start(silent, { as: 'server', key: 'chat', idempotency, onDisconnect: 'continue' })
        const as = { owner }
        for (const act of [
          () => sluice.attach({ id: own.id }, { as }),
          () => sluice.info({ key: 'chat' }, { as }),
          () => sluice.cancel({ id: own.id }, { as }),
          () => sluice.erase({ id: own.id }, { as }),
        ])
          expect(['SLUICE_ERR_NOT_FOUND', 'SLUICE_ERR_OPTION']).toContain((await sluiceErrorOf(act)).code)
        const repeated = await sluice.start(silent, { as, idempotency }).catch(() => undefined)
        expect(repeated?.id).not.toBe(own.id)
        expect(own.end).toBeUndefined()
        await own.cancel()
        await repeated?.cancel()
      }),
    )
  })
})

test('names that differ in half a surrogate pair only, which are one in UTF-8, name nothing', async () => {
  await check(
    fc.asyncProperty(lone, async (name) => {
      const sluice = createSluice()
      const as = { owner: 'ada' }
      for (const options of [
        { as: { owner: name } },
        { as: { owner: 'ada', tenant: name } },
        { as, key: name },
        { as, idempotency: { key: name, fingerprint: 'f' } },
        { as, idempotency: { key: 'k', fingerprint: name } },
      ])
        expect((await sluiceErrorOf(() => sluice.start(silent, options))).code).toBe('SLUICE_ERR_OPTION')
      expect((await sluiceErrorOf(() => sluice.attach({ key: name }, { as }))).code).toBe('SLUICE_ERR_NOT_FOUND')
      expect(sluice.stats().producing).toBe(0)
    }),
  )
})
