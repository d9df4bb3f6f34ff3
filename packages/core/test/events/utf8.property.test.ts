import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8Length } from '../../src/events/utf8.ts'

test('the length of text in UTF-8 is that of its bytes, however long it is', () => {
  const piece = fc.constantFrom('a', 'é', '語', '👩', '\u0000', 'x'.repeat(1023), '語'.repeat(3000), '👩'.repeat(5000))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.string({ unit: 'binary' }), (pieces, more) => {
      const text = pieces.join('') + more.toWellFormed()
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
    }),
  )
})
