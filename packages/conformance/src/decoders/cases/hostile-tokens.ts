import { hostileText, SEED } from '@sluice/testing'
import fc from 'fast-check'

const RANDOM = 30

/** Tokens that have broken decoders, parsers and their users; each list is one answer. */
const KNOWN: readonly (readonly string[])[] = [
  ['Hello', ' world'],
  [' ', '  two', '   three '],
  ['a\u2028b', 'c\u2029d', 'e\u0085f', '\u2028', '\u0085'],
  ['a\u000bb\u000cc', '\u001c\u001d\u001e', '\u0000\u0001\u001f\u007f'],
  ['a\r', '\nb', '\r\n', '\n\n', '\r\r', 'c\rd'],
  [
    'data: [DONE]\n\n',
    '[DONE]',
    'data: ',
    '\ndata: {"error":{}}\n\n',
    'event: end\ndata: {}\n\n',
    'id: 7\n\n',
    ': no comment\n\n',
  ],
  ['\ufeff', 'data', '\ufeff\ufeff', ':\ufeff'],
  ['"', '\\', '\\"', '\\u2028', '{"error":"no"}', "'", '</script>'],
  ['👩', '\u200d', '🚀', '👩🏽‍🚀', '𠮷', 'e', '\u0301', '\ufffd'],
  ['\ud83d', '\ude00', 'x'],
]

/** Answers that a wire must bring through every decoder: known ones, and random ones from `SLUICE_SEED`. */
export const hostileAnswers: () => readonly (readonly string[])[] = () => {
  const random = fc.array(hostileText({ loneSurrogates: false, maxPieces: 6 }), { minLength: 1, maxLength: 5 })
  return [...KNOWN, ...fc.sample(random, { numRuns: RANDOM, seed: SEED })]
}

/** Tokens of a size at which lines become too long for some, in bytes or once they are JSON. */
export const LARGE_ANSWERS: readonly (readonly string[])[] = [
  ['a'.repeat(100_000)],
  ['"\n'.repeat(60_000)],
  ['\u0001'.repeat(40_000), '\u0001'.repeat(9_000), '\u0001'.repeat(9_000)],
  ['\u2028'.repeat(30_000)],
  ['👩🏽‍🚀'.repeat(10_000), 'x', '𠮷'.repeat(33_333)],
  Array.from({ length: 3_000 }, (_, index) => `${index} "quoted"\n`),
]
