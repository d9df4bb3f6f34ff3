import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChatStage, contentOf, ROLE, startChatStage, STOP } from '../../rig/chat-stage.ts'
import { chunk, DONE } from '../../rig/stage.ts'

let stage: ChatStage

beforeAll(async () => {
  stage = await startChatStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

describe('text', () => {
  const TRICKY = [
    ['carriage returns and line feeds', 'a\rb\nc\r\nd\n\n\r\r'],
    ['what SSE is made of', 'data: x\n\nevent: end\r\nid: 9\n\n: c\n\ndata: [DONE]\n\n[DONE]'],
    ['line separators that are none in SSE', '\u2028\u2029\u0085\u000b\u000c'],
    ['NUL and other controls', 'a\0b\u0001\u001b[31m\u007f'],
    ['joined emoji', '👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪 1️⃣'],
    ['right-to-left', 'مرحبا \u202eRTL\u202c שלום \u2067מ\u2069'],
    ['CJK beyond the basic plane', '你好，世界。𠮷野家 日本語 한국어'],
    ['combining marks and byte order marks', 'e\u0301 Z\u0351\u036b\ufeff\ufffe नमस्ते'],
    ['JSON in text', '"\\\\" \\u0000 {"a":[1]} </script>'],
  ] as const

  test.each(TRICKY)('keeps %s, byte for byte, however it is cut into packets', async (_, text) => {
    const tokens = Array.from(text)
    const whole = Buffer.from([ROLE, ...tokens.map((content) => chunk({ content })), STOP, DONE].join(''))
    const model = stage.answering(
      ...Array.from({ length: Math.ceil(whole.length / 3) }, (_, i) => whole.subarray(3 * i, 3 * i + 3)),
    )
    const got = contentOf(await stage.chunksOf(model))
    expect(Buffer.from(got).equals(Buffer.from(text))).toBe(true)
  })

  test('is cut anywhere by the network: every byte may come alone', async () => {
    const text = TRICKY.map(([, each]) => each).join('')
    const bytes = Buffer.from([ROLE, chunk({ content: text }), STOP, DONE].join(''))
    const model = stage.answering(...Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)))
    expect(contentOf(await stage.chunksOf(model))).toBe(text)
  })

  test('joins surrogates that came in two tokens, and replaces those that stay alone', async () => {
    const escaped = (units: string): string => chunk({ content: '?' }).replace('"?"', `"${units}"`)
    const pieces = ['a\\ud83d', '\\ude00b', '\\ud83d', 'c', '\\ude00', 'd\\ud800']
    const got = contentOf(await stage.chunksOf(stage.answering(ROLE, ...pieces.map(escaped), STOP, DONE)))
    expect(got).toBe('a😀b\ufffdc\ufffdd\ufffd')
  })
})
