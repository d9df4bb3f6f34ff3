import type { Logged } from '@sluice/core/extend'
import fc from 'fast-check'
import { hostileText, sourceEvents } from '../../../testing/src/index.ts'

/** Tokens of all sizes: those that are packed with their segment, those that are packed at once, and larger ones. */
const words = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Logged>('a', 'bc ', '😀', '你好', 'x'.repeat(60)) },
  { weight: 2, arbitrary: fc.constantFrom<Logged>('y'.repeat(700), '語'.repeat(600), 'z'.repeat(5000)) },
  { weight: 1, arbitrary: hostileText({ loneSurrogates: false, maxPieces: 3 }).filter((text) => text !== '') },
)

/** Long tokens, and what cannot be packed with them. */
const mixed = fc.constantFrom<Logged>(
  'y'.repeat(700),
  '語'.repeat(600),
  'a',
  { type: 'usage', usage: { outputTokens: 7 } },
  { type: 'text', text: 'b', choice: 1 },
  { type: 'reasoning', text: 'w'.repeat(600) },
  { type: 'text', text: '', extra: { audio: 'A'.repeat(5000) } },
)

/** Runs of events that fill segments by number and by size, and mix text with everything else. */
export const manyEvents: fc.Arbitrary<Logged[]> = fc.oneof(
  { weight: 4, arbitrary: fc.array(mixed, { minLength: 1, maxLength: 6 }) },
  { weight: 4, arbitrary: fc.array(words, { minLength: 1, maxLength: 40 }) },
  { weight: 1, arbitrary: fc.array(words, { minLength: 257, maxLength: 300 }) },
  {
    weight: 2,
    arbitrary: (sourceEvents({ maxEvents: 8 }) as fc.Arbitrary<Logged[]>).filter(({ length }) => length > 0),
  },
)
