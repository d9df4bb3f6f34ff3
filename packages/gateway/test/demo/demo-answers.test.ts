import { describe, expect, test } from 'vitest'

import { PASSAGE_NAMES, PASSAGES } from '../../src/demo-runner/passages.ts'
import { ask, bytesOf, run, textOf } from './demo-run.ts'

const spoken = async (body: Parameters<typeof run>[0], options = {}) => {
  const outcome = await run(body, options)
  return { text: textOf(outcome, 0) + bytesOf(outcome).toString(), ms: outcome.delays.reduce((sum, ms) => sum + ms, 0) }
}

describe('a question without wishes', () => {
  test.each(['hi', 'Hi!', 'Hello, who are you?', 'test', '1 + 1 = ?', ''])(
    '%j is answered in English, in whole sentences, within five seconds whatever the seed',
    async (question) => {
      for (let seed = 0; seed < 50; seed++) {
        const { text, ms } = await spoken({ messages: ask(question) }, { seed })
        expect(PASSAGES.en.startsWith(text)).toBe(true)
        expect(text).toMatch(/^Call me Ishmael\..+[.?!]$/s)
        expect(ms).toBeLessThan(5_000)
      }
    },
  )

  test.each([
    ['Привет', 'ru'],
    ['γειά σου', 'el'],
    ['你好', 'zh'],
    ['こんにちは世界', 'ja'],
    ['안녕', 'ko'],
    ['مرحبا', 'ar'],
    ['नमस्ते', 'hi'],
    ['สวัสดี', 'th'],
    ['Grüße', 'de'],
    ['👋', 'emoji'],
    ['hi 👋', 'en'],
  ] as const)('%s is answered in its own script, within five seconds', async (question, name) => {
    const { text, ms } = await spoken({ messages: ask(question) })
    expect([text.length > 0, PASSAGES[name].startsWith(text)]).toEqual([true, true])
    expect(ms).toBeLessThan(5_000)
  })

  test('the last question counts, also in parts', async () => {
    const content = [{ type: 'text', text: 'Привет' }]
    const { text } = await spoken({ messages: [...ask('hi'), { role: 'user', content }] })
    expect(PASSAGES.ru.startsWith(text)).toBe(true)
  })

  test('further choices are answered with the passages that come next', async () => {
    const outcome = await run({ messages: ask('hi'), n: 3 })
    for (const [choice, name] of PASSAGE_NAMES.slice(0, 3).entries())
      expect(PASSAGES[name].startsWith(textOf(outcome, choice))).toBe(true)
  })
})

test('one that has wishes is answered at full length', async () => {
  const { text } = await spoken({ messages: ask('hi'), sluice_demo: { interTokenMs: 10 } })
  expect(text).toBe(PASSAGES.en)
})
