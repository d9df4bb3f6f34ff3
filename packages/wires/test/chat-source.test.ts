import type { SourceItem } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import { expect, test } from 'vitest'
import { answering } from './rig/answering.ts'
import { chunk, DONE } from './rig/fake-backend.ts'
import { contextOf, listOf } from './rig/reading.ts'

async function readItems(...pieces: (string | Uint8Array)[]): Promise<SourceItem[]> {
  const source = openAiChatSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering(pieces) })
  return await listOf((await source(contextOf(new AbortController().signal))) as AsyncIterable<SourceItem>)
}

test('gives plain tokens as plain strings, all of one packet together', async () => {
  const tokens = ['a', 'b\n', '"', '', '\\', '👩', 'd'].map((content) => chunk({ content })).join('')
  const role = chunk({ role: 'assistant', content: '' })
  const items = await readItems(role, tokens, chunk({ content: 'e' }), chunk({}, { finish: 'stop' }) + DONE)
  expect(items).toEqual([['a', 'b\n', '"', '\\', '👩', 'd'], ['e'], [{ type: 'finish', reason: 'stop' }]])
})

test('reads a token by the template of the one before only where nothing else has changed', async () => {
  const logprobs = { content: [{ token: 'c' }] }
  const [items] = await readItems(
    [
      chunk({ content: 'a' }),
      chunk({ content: 'b' }),
      chunk({ content: 'c' }, { choice: { logprobs } }),
      chunk({ content: 'd' }),
      chunk({ content: 'e' }, { index: 1 }),
      chunk({ content: 'f' }, { chunk: { provider: 'p' } }),
      chunk({ content: 'g' }),
      DONE,
    ].join(''),
  )
  expect(items).toEqual([
    'a',
    'b',
    { type: 'text', text: 'c', extra: { openai: { choice: { logprobs } } } },
    'd',
    { type: 'text', text: 'e', choice: 1 },
    { type: 'text', text: 'f', extra: { openai: { chunk: { provider: 'p' } } } },
    'g',
  ])
})

test('tells running usage once a packet, and only when it is news', async () => {
  const count = (content: string, tokens: number) =>
    chunk({ content }, { chunk: { usage: { completion_tokens: tokens } } })
  const counted = (outputTokens: number) => ({ type: 'usage', usage: { outputTokens } })
  const items = await readItems(count('a', 1) + count('b', 2), count('c', 2), count('d', 3), DONE)
  expect(items).toEqual([['a', 'b', counted(2)], ['c'], ['d', counted(3)]])
})

test.each(['localhost:8000', 'ftp://backend/v1', ''])('refuses the baseUrl %j when it is made', (baseUrl) => {
  expect(() => openAiChatSource({ baseUrl, body: {} })).toThrow(/baseUrl/)
})
