import fc from 'fast-check'
import { expect, test } from 'vitest'

import { parseIdempotencyKey } from '../../src/request/idempotency.ts'

test('a key is the same quoted or bare', () => {
  const key = fc.stringMatching(/^[!#-~][ -~]{0,254}$/)
  fc.assert(
    fc.property(key, (bare) => {
      const quoted = `"${bare.replace(/["\\]/g, '\\$&')}"`
      expect(parseIdempotencyKey(quoted)).toBe(bare)
      expect(parseIdempotencyKey(bare)).toBe(bare)
    }),
  )
})

test('a megabyte of quotes is refused in time', () => {
  const startMs = performance.now()
  expect(() => parseIdempotencyKey(`"${'\\"'.repeat(2 ** 19)}`)).toThrow(/quoted string/)
  expect(performance.now() - startMs).toBeLessThan(200)
})
