import { expect, test } from 'vitest'

import { codeBlocks } from './code-blocks.ts'
import { firstMissingLine } from './loose-match.ts'

test('a block knows its language, its role, its line and the output that follows it', () => {
  const markdown = [
    '# Title',
    '```sh run',
    'echo hi',
    '```',
    '',
    '```text',
    'hi',
    '```',
    '```ts walk a.ts',
    'run()',
    '```',
  ].join('\n')
  expect(codeBlocks(markdown)).toEqual([
    { language: 'sh', role: 'run', file: '', text: 'echo hi\n', line: 2, output: 'hi\n' },
    { language: 'text', role: '', file: '', text: 'hi\n', line: 6, output: undefined },
    { language: 'ts', role: 'walk', file: 'a.ts', text: 'run()\n', line: 9, output: undefined },
  ])
})

test.each([
  ['one\ntwo', 'one\ntwo', undefined],
  ['one\ntwo', 'two', undefined],
  ['one\ntwo', 'one\n…', undefined],
  ['one\ntwo\nthree', 'one\n…\nthree', undefined],
  ['one\ntwo\nthree', 'one\nthree', 'three'],
  ['one\ntwo', 'one', 'the end, and not: two'],
  ['id: abcdef.1.12', 'id: 6qf3….1.12', undefined],
  ['id: abcdef.1.12', 'id: 6qf3….1.13', 'id: 6qf3….1.13'],
  ['"Call me"', '"Call…"', undefined],
  ['"Tell me"', '"Call…"', '"Call…"'],
  ['a (b)', 'a (b)', undefined],
  ['', 'a', 'a'],
] as const)('%j against %j misses %j', (actual, expected, missing) => {
  expect(firstMissingLine(actual, expected)).toBe(missing)
})
