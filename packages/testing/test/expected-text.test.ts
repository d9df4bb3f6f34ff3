import { expectedText, expectedTexts } from '@sluice/testing'
import { expect, test } from 'vitest'

const family = '👨‍👩‍👧‍👦'

test('surrogates split over strings are joined, empty tokens between them do not matter', () => {
  expect(expectedText([...family.split('')])).toBe(family)
  expect(expectedText(['a\ud83d', '', new Uint8Array(), [], '\ude00b'])).toBe('a😀b')
})

test('bytes split anywhere are joined, byte order marks are kept', () => {
  const bytes = new TextEncoder().encode(`\ufeff${family}`)
  expect(expectedText([...bytes].map((byte) => Uint8Array.of(byte)))).toBe(`\ufeff${family}`)
})

test('what can never be joined is replaced once', () => {
  expect(expectedText(['\ud83d', 'x'])).toBe('\ufffdx')
  expect(expectedText(['\ud83d\ud83d', '\ude00'])).toBe('\ufffd😀')
  expect(expectedText(['x\ude00'])).toBe('x\ufffd')
  expect(expectedText([Uint8Array.of(0xf0, 0x9f, 0x98), 'x'])).toBe('\ufffdx')
  expect(expectedText([Uint8Array.of(0xf0, 0x9f), Uint8Array.of(0x98)])).toBe('\ufffd')
  expect(expectedText(['\ud83d', Uint8Array.of(0x41)])).toBe('\ufffdA')
})

test('channels are told apart, and each is joined over what comes between', () => {
  const texts = expectedTexts([
    'a\ud83d',
    { type: 'text', text: '\ud83d', choice: 1 },
    { type: 'tool', phase: 'call', id: 'call_1', name: 'search' },
    { type: 'tool', phase: 'args', id: 'call_1', text: '{"q":' },
    [
      { type: 'text', text: '\ude00', choice: 0, extra: { logprob: -1 } },
      { type: 'reasoning', text: 'hm' },
    ],
    { type: 'tool', phase: 'args', id: 'call_1', text: '1}' },
    { type: 'text', text: '\ude01', choice: 1 },
    { type: 'finish', reason: 'stop' },
  ])
  expect(Object.fromEntries(texts)).toEqual({
    'text 0': 'a😀',
    'text 1': '😁',
    'args 0 call_1': '{"q":1}',
    'reasoning 0': 'hm',
  })
})

test('a channel without text is empty', () => {
  expect(expectedText([], 'reasoning 0')).toBe('')
})
