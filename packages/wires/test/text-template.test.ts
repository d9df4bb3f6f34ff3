import { expect, test } from 'vitest'
import { TextTemplate } from '../src/openai/source/chunk/text-template.ts'

const lineOf = (content: string, more = ''): string =>
  `{"id":"c","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}}${more}}]}`

test('reads the text of a line that differs in nothing else', () => {
  const template = TextTemplate.of(lineOf('a'), 'a')!
  for (const text of ['b', '', '한국어', 'a token of some length', 'content', ' ', '\n', '"', '\\', '\\"}', '\ud83d'])
    expect(template.read(lineOf(text))).toBe(text)
})

test('leaves every other line to the parser', () => {
  const template = TextTemplate.of(lineOf('a'), 'a')!
  const other = lineOf('b')
  const lines = [
    lineOf('b', ',"logprobs":{}'),
    other.replace('"c"', '"d"'),
    other.replace('"b"', 'null'),
    other.replace('"b"', '["bbbbbbbbbbbbbbb"]'),
    other.replace('b', '\\x'),
    other.replace('"b"', '"b","x":"b"'),
    other.replace('"b"', '"bbbbbbbbbbb","x":"b"'),
  ]
  for (const line of [...lines, '', '[DONE]']) expect(template.read(line)).toBeUndefined()
})

test('is not made of a line in which another member says the same', () => {
  const first = lineOf('a').replace('"id":"c"', '"id":"c","x":{"content":"a"}')
  expect(TextTemplate.of(first, 'a')).toBeUndefined()
  const twice = lineOf('a').replace('"content":"a"', '"content":"a","content":"a"')
  expect(TextTemplate.of(twice, 'a')).toBeUndefined()
  expect(TextTemplate.of('{"choices":[{"delta":{"content": "a"}}]}', 'a')).toBeUndefined()
})
