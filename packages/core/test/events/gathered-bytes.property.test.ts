import { GatheredBytes, joinBytes } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test('bytes that come in pieces of any size are the same as one, and are kept in few arrays however small they come', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.integer({ min: 4_000, max: 9_000 }).map((length) => new Uint8Array(length).fill(length)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 300 }), (pieces) => {
      const gathered = new GatheredBytes()
      for (const each of pieces) gathered.push(each)
      const whole = joinBytes(pieces)
      const large = pieces.filter(({ length }) => length >= 4_000).length
      expect(gathered.length).toBe(whole.length)
      expect(gathered.pieces).toBeLessThanOrEqual(2 * large + 1 + Math.ceil(whole.length / 4_000) + 1)
      expect(Buffer.compare(gathered.take(), whole)).toBe(0)
      expect([gathered.length, gathered.pieces]).toEqual([0, 0])
    }),
    { numRuns: 500 },
  )
  const drip = new GatheredBytes()
  for (let byte = 0; byte < 100_000; byte++) drip.push(Uint8Array.of(1))
  expect(drip.pieces).toBe(25)
})
