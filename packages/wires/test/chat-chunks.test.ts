import { describe, expect, test } from 'vitest'
import { chunk, DONE } from './rig/fake-backend.ts'
import { readPieces as read, text } from './rig/reading.ts'

/** What a chunk without a choice becomes. */
const CHUNK = { type: 'data', name: 'openai.chunk', data: null }

describe('mapping', () => {
  test('keeps code points whole that packets cut', async () => {
    const bytes = new TextEncoder().encode(chunk({ content: '👩‍👩‍👧 한국어' }) + DONE)
    expect(await read(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([text('👩‍👩‍👧 한국어')])
  })

  test('tells reasoning by either name, refusals, and choices', async () => {
    const events = await read(
      chunk({ reasoning_content: 'a', reasoning: 'a' }),
      chunk({ reasoning: 'b' }),
      chunk({ refusal: 'no' }),
      chunk({ content: 'two' }, { index: 1 }),
      DONE,
    )
    expect(events).toEqual([
      { type: 'reasoning', text: 'a', as: 'reasoning reasoning_content' },
      { type: 'reasoning', text: 'b', as: 'reasoning' },
      { type: 'refusal', text: 'no' },
      { type: 'text', text: 'two', choice: 1 },
    ])
  })

  test('maps usage, details included', async () => {
    const usage = {
      prompt_tokens: 3,
      completion_tokens: 5,
      total_tokens: 8,
      prompt_tokens_details: { cached_tokens: 2 },
      x: null,
    }
    const last = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [], usage })}\n\n`
    const extra = { prompt_tokens_details: { cached_tokens: 2 } }
    expect(await read(chunk({ content: 'a' }), last, DONE)).toEqual([
      text('a'),
      { type: 'usage', usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8, extra } },
    ])
  })

  test("keeps a backend's own finish reason beside ours", async () => {
    expect(await read(chunk({}, { finish: 'stop' }), chunk({}, { index: 1, finish: 'eos' }), DONE)).toEqual([
      { type: 'finish', reason: 'stop' },
      { type: 'finish', reason: 'stop', choice: 1, extra: { openai: { choice: { finish_reason: 'eos' } } } },
    ])
  })
})

describe('what is beyond our model', () => {
  test('tells what all chunks repeat once, with the first of them, and again when it changes', async () => {
    const of = (content: string, provider: string) =>
      chunk({ content }, { chunk: { provider, citations: ['x'], obfuscation: content } })
    const events = await read(of('', 'p'), of('a', 'p'), of('b', 'p'), of('c', 'q'), of('d', 'q'), DONE)
    expect(events).toEqual([
      { ...text(''), extra: { openai: { chunk: { provider: 'p', citations: ['x'] } } } },
      text('a'),
      text('b'),
      { ...text('c'), extra: { openai: { chunk: { provider: 'q' } } } },
      text('d'),
    ])
  })

  test('tells what is repeated where a chunk says nothing else: it may be a sign of life', async () => {
    const beat = chunk({}, { chunk: { choices: [], beat: { of: 'heart' }, system_fingerprint: 'fp' } })
    const same = { ...CHUNK, extra: { openai: { chunk: { beat: { of: 'heart' } } } } }
    expect(await read(beat, beat, beat, chunk({ content: 'a' }), DONE)).toEqual([
      { ...CHUNK, extra: { openai: { chunk: { system_fingerprint: 'fp', beat: { of: 'heart' } } } } },
      same,
      same,
      text('a'),
    ])
  })

  test('tells again what was not there in the meantime', async () => {
    const noted = (content: string) => chunk({ content }, { chunk: { note: 1 } })
    const events = await read(noted('a'), noted('b'), chunk({ content: 'c' }), noted('d'), DONE)
    const extra = { openai: { chunk: { note: 1 } } }
    expect(events).toEqual([{ ...text('a'), extra }, text('b'), text('c'), { ...text('d'), extra }])
  })

  test('tells the model only when it is not the one that was asked for', async () => {
    expect(await read(chunk({ content: 'a' }), DONE)).toEqual([text('a')])
    expect(await read(chunk({ content: 'a' }, { chunk: { model: 'm-2' } }), DONE)).toEqual([
      { ...text('a'), extra: { openai: { chunk: { model: 'm-2' } } } },
    ])
  })

  test('keeps log probabilities with their tokens, equal ones too', async () => {
    const logprobs = { content: [{ token: 'ha', logprob: -1 }], refusal: null }
    const token = chunk({ content: 'ha' }, { choice: { logprobs } })
    const event = { ...text('ha'), extra: { openai: { choice: { logprobs } } } }
    expect(await read(token, token, DONE)).toEqual([event, event])
  })

  test('keeps log probabilities of a token without text with that token', async () => {
    const of = (token: string) => ({ content: [{ token }] })
    const events = await read(
      chunk({ content: '' }, { choice: { logprobs: of('\\xe2') } }),
      chunk({ content: '–' }, { choice: { logprobs: of('\\x93') } }),
      DONE,
    )
    expect(events).toEqual([
      { ...text(''), extra: { openai: { choice: { logprobs: of('\\xe2') } } } },
      { ...text('–'), extra: { openai: { choice: { logprobs: of('\\x93') } } } },
    ])
  })

  test('tells the verdict of a content filter once while it stays the same', async () => {
    const of = (content: string, severity: string) =>
      chunk({ content }, { choice: { content_filter_results: { hate: { severity } } } })
    const events = await read(of('a', 'safe'), of('b', 'safe'), of('c', 'low'), DONE)
    const verdict = (severity: string) => ({ openai: { choice: { content_filter_results: { hate: { severity } } } } })
    expect(events).toEqual([
      { ...text('a'), extra: verdict('safe') },
      text('b'),
      { ...text('c'), extra: verdict('low') },
    ])
  })

  test('gives each chunk that holds nothing we model an event of its own, at once', async () => {
    const pieces = [
      chunk({ role: 'assistant', content: null, audio: { id: 'x', transcript: 'He' } }),
      chunk({ audio: { id: 'x', data: 'AA' } }),
      chunk({ audio: { id: 'x', data: 'AA' } }),
      chunk({}, { chunk: { timings: { ms: 1 } } }),
      chunk({}, { index: 1, choice: { token_ids: [7] } }),
    ]
    const audio = (value: object) => ({ ...text(''), extra: { openai: { delta: { audio: { id: 'x', ...value } } } } })
    expect(await read(...pieces, DONE)).toEqual([
      audio({ transcript: 'He' }),
      audio({ data: 'AA' }),
      audio({ data: 'AA' }),
      { ...text(''), extra: { openai: { chunk: { timings: { ms: 1 } } } } },
      { ...text(''), choice: 1, extra: { openai: { choice: { token_ids: [7] } } } },
    ])
  })

  test('gives what comes with token counts to them', async () => {
    const last = { choices: [], usage: { completion_tokens: 5 }, timings: { ms: 1 } }
    const events = await read(chunk({ content: 'a' }), chunk({}, { chunk: last }), DONE)
    expect(events).toEqual([
      text('a'),
      { type: 'usage', usage: { outputTokens: 5 }, extra: { openai: { chunk: { timings: { ms: 1 } } } } },
    ])
  })

  test('passes on a delta that is called a message, and a message beside the deltas', async () => {
    const message = { role: 'assistant', content: 'ab', odd: 1 }
    const alone = `data: ${JSON.stringify({ choices: [{ index: 0, message }] })}\n\n`
    expect(await read(alone, DONE)).toEqual([{ ...text('ab'), extra: { openai: { delta: { odd: 1 } } } }])
    const events = await read(chunk({ content: 'a' }), chunk({ content: 'b' }, { choice: { message } }), alone, DONE)
    const extra = { openai: { choice: { message } } }
    expect(events).toEqual([text('a'), { ...text('b'), extra }, { ...text(''), extra }])
  })

  test('passes on what has a type that we do not expect', async () => {
    const odd = { content: { a: 1 }, refusal: [1], reasoning: {}, tool_calls: 'none', function_call: 'f', role: 'tool' }
    expect(await read(chunk(odd), DONE)).toEqual([{ ...text(''), extra: { openai: { delta: odd } } }])
  })

  test('is not fooled by members named like what every object has', async () => {
    const line = 'data: {"choices":[{"index":0,"delta":{"content":"a","__proto__":{"x":1}}}],"__proto__":{"y":1}}\n\n'
    const [event] = await read(line, DONE)
    expect(JSON.stringify(event)).toContain('"__proto__":{"y":1}')
    expect(({} as { x?: number }).x).toBeUndefined()
  })
})
