import { boundary } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check } from '../rig/core-rig.ts'
import { runPolicy } from './policy-run.ts'

const TEXTS = [
  'The quick brown fox jumps over the lazy dog. It does so twice! Why?\nNobody knows.\r\nThe end.',
  '今天天气很好。我们去公园散步吧！你觉得怎么样？',
  '今日は天気がいいですね。公園を散歩しましょう。カタカナもあります。',
  'วันนี้อากาศดีมาก เราไปเดินเล่นที่สวนสาธารณะกันเถอะ กำลังน้ำท่วม',
  'Family 👨‍👩‍👧‍👦 in space 👩🏽‍🚀 with flags 🇩🇪🇫🇷 and 🏳️‍🌈! Keycap 1️⃣ e\u0301te\u0301.',
  'नमस्ते दुनिया। क्षत्रिय 한국어 텍스트 값',
] as const

type Unit = 'grapheme' | 'word' | 'sentence' | 'line'

function boundariesOf(text: string, unit: Exclude<Unit, 'line'>): Set<number> {
  const segments = new Intl.Segmenter(undefined, { granularity: unit }).segment(text)
  return new Set([...segments].map(({ index }) => index).concat(text.length))
}

/** A text cut anywhere between code points: surrogates are joined before anything has a seq. */
const tokenized = fc
  .tuple(fc.constantFrom(...TEXTS), fc.infiniteStream(fc.integer({ min: 1, max: 5 })))
  .map(([text, sizes]) => {
    const points = [...text]
    const tokens: string[] = []
    while (points.length > 0) tokens.push(points.splice(0, sizes.next().value).join(''))
    return { text, tokens }
  })

async function endsOf(unit: Unit, tokens: readonly string[], maxDelayMs: number): Promise<number[]> {
  const list = tokens.map((token) => ({ waitMs: 5, tokens: [token] }))
  const { chunks } = await runPolicy(boundary({ unit, maxDelayMs }), list)
  expect(chunks.map(({ text }) => text).join('')).toBe(tokens.join(''))
  let length = 0
  return chunks.map(({ text }) => (length += text.length))
}

describe('contract 10: boundary', () => {
  test.each(['grapheme', 'word', 'sentence', 'line'] as const)(
    '%s never shows a grapheme in parts while time allows',
    (unit) =>
      check(
        fc.asyncProperty(tokenized, async ({ text, tokens }) => {
          const whole = boundariesOf(text, 'grapheme')
          for (const end of await endsOf(unit, tokens, 60_000)) expect(whole.has(end)).toBe(true)
        }),
      ),
  )

  test('line ends chunks after line feeds only', () =>
    check(
      fc.asyncProperty(tokenized, async ({ text, tokens }) => {
        for (const end of (await endsOf('line', tokens, 60_000)).slice(0, -2)) expect(text[end - 1]).toBe('\n')
      }),
    ))

  test.each(['word', 'sentence'] as const)('%s ends chunks where the whole text has such an end', (unit) =>
    check(
      fc.asyncProperty(tokenized, async ({ text, tokens }) => {
        // Words of scripts without spaces come from a dictionary, which may change its mind with what follows.
        fc.pre(
          unit === 'sentence' || !/[\p{Script=Thai}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text),
        )
        const ends = boundariesOf(text, unit)
        for (const end of await endsOf(unit, tokens, 60_000)) expect(ends.has(end)).toBe(true)
      }),
    ),
  )

  test.each([
    ['grapheme', ['e', '\u0301', 'x', '👩', '\u200d', '🚀', '!'], ['e\u0301', 'x', '👩\u200d🚀', '!']],
    ['word', ['Hel', 'lo', ' wor', 'ld', ' ', 'again'], ['Hello', ' world', ' ', 'again']],
    ['sentence', ['One ', 'two. ', 'Three', ' four. ', 'Five'], ['One two. ', 'Three four. ', 'Five']],
    ['line', ['a', 'b\n', 'c', '\nd', '\n', 'e'], ['ab\n', 'c\nd\n', 'e']],
  ] as const)('%s ends a chunk as soon as what follows shows where it ends', async (unit, tokens, expected) => {
    // The end comes later than the last of them, which it would take along.
    const list = [...tokens, undefined].map((token) => ({ waitMs: 5, tokens: token === undefined ? [] : [token] }))
    const { chunks } = await runPolicy(boundary({ unit, maxDelayMs: 60_000 }), list)
    expect(chunks.map(({ text }) => text).filter((text) => text !== '')).toEqual(expected)
  })

  test.each([
    ['3.14', ['3', '.', '14', ' is', ' pi', ' ']],
    ["can't", ['can', "'", 't', ' do', ' ']],
  ])('word does not show %s in parts although it is several tokens', async (word, tokens) => {
    const ends = await endsOf('word', tokens, 60_000)
    expect(ends[0]).toBeGreaterThanOrEqual(word.length)
  })

  test('what would wait longer than maxDelayMs leaves unfinished', async () => {
    const list = ['un', 'finish', 'ed'].map((token) => ({ waitMs: 200, tokens: [token] }))
    const { chunks } = await runPolicy(boundary({ maxDelayMs: 50 }), list)
    expect(chunks.slice(0, 3).map(({ atMs }) => atMs)).toEqual([250, 450, 600])
  })
})
