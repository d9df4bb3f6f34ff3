import { joinBytes } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from '../rig/core-rig.ts'

test('pieces of bytes are joined in order', async () => {
  await check(
    fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 6 }), (pieces) => {
      expect([...joinBytes(pieces)]).toEqual(pieces.flatMap((piece) => [...piece]))
    }),
  )
})

test('a single piece is not copied', () => {
  const piece = Uint8Array.of(1, 2)
  expect(joinBytes([piece])).toBe(piece)
})
