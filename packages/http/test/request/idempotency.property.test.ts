import { costGrowth } from '@sluice/testing/patience'
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

test('quotes without an end are refused in a time that grows as they do', async () => {
  const refusing = (quotes: number) => {
    const header = `"${'\\"'.repeat(quotes)}`
    return () => expect(() => parseIdempotencyKey(header)).toThrow(/quoted string/)
  }
  expect(await costGrowth(refusing, { size: 2 ** 16, factor: 8 })).toBeLessThan(8 ** 1.5)
})
