import { costGrowth } from '@sluice/testing/patience'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatBody } from '../../src/demo-runner/chat-body.ts'
import { createDemoRunner } from '../../src/demo-runner/demo-runner.ts'
import { PASSAGE_NAMES, PASSAGES } from '../../src/demo-runner/passages.ts'
import { ask, bytesOf, demo, eventsOf, isEvent, run, textOf } from './demo-run.ts'
import type { Run } from './demo-run.ts'

describe('text', () => {
  test.each(PASSAGE_NAMES)('the passage %s arrives byte for byte', async (text) => {
    const outcome = await run(demo({ text }))
    expect(outcome.error).toBeUndefined()
    expect(bytesOf(outcome).equals(Buffer.from(PASSAGES[text]))).toBe(true)
    expect(eventsOf(outcome).map(({ type }) => type)).toEqual(['finish', 'usage'])
  })

  test.each(PASSAGE_NAMES)(
    'the passage %s is alike with several choices, whose code points are joined',
    async (text) => {
      const outcome = await run({ n: 2, ...demo({ text }) })
      expect(outcome.items.every(isEvent)).toBe(true)
      expect(textOf(outcome, 0)).toBe(PASSAGES[text])
      expect(textOf(outcome, 1)).toBe(PASSAGES[text])
    },
  )

  test('a token is a string where it is whole text and bytes where it is not', async () => {
    const { items } = await run(demo({ text: 'th' }))
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const pieces = items.filter((item) => item instanceof Uint8Array)
    expect(pieces.length).toBeGreaterThan(20)
    for (const piece of pieces) expect(() => decoder.decode(piece)).toThrow(TypeError)
    expect(items.filter((item) => typeof item === 'string').length).toBeGreaterThan(20)
  })

  test('more tokens than the passage has say it again', async () => {
    const outcome = await run(demo({ text: 'en', tokens: 1000 }))
    expect(
      bytesOf(outcome)
        .toString()
        .startsWith(`${PASSAGES.en}\n\n${PASSAGES.en.slice(0, 500)}`),
    ).toBe(true)
    expect(eventsOf(outcome).at(-1)).toMatchObject({ type: 'usage', usage: { outputTokens: 1000 } })
  })

  test('no tokens at all still finish', async () => {
    expect((await run(demo({ tokens: 0 }))).items).toMatchObject([
      { type: 'finish', reason: 'stop' },
      { type: 'usage' },
    ])
  })
})

describe('limits', () => {
  test('max_tokens finishes with length, never inside a code point', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PASSAGE_NAMES),
        fc.integer({ min: 1, max: 200 }),
        fc.boolean(),
        async (text, max, several) => {
          const outcome = await run({ max_tokens: max, n: several ? 2 : 1, ...demo({ text }) })
          const said = several ? textOf(outcome, 1) : bytesOf(outcome).toString()
          expect(PASSAGES[text].startsWith(said)).toBe(true)
          expect(eventsOf(outcome)).toContainEqual({ type: 'finish', reason: 'length', choice: 0 })
          expect(eventsOf(outcome).at(-1)).toMatchObject({ usage: { outputTokens: max * (several ? 2 : 1) } })
        },
      ),
      { numRuns: 40 },
    )
  })

  test('max_completion_tokens goes before max_tokens', async () => {
    const outcome = await run({ max_tokens: 9, max_completion_tokens: 3, ...demo({ text: 'en' }) })
    expect(eventsOf(outcome).at(-1)).toMatchObject({ usage: { outputTokens: 3 } })
  })

  test('a limit that is just enough finishes with stop', async () => {
    const outcome = await run({ max_tokens: 5, ...demo({ text: 'en', tokens: 5 }) })
    expect(eventsOf(outcome)[0]).toMatchObject({ type: 'finish', reason: 'stop' })
  })
})

describe('usage', () => {
  test('counts the prompt with the tokenizer, also of content parts', async () => {
    const whole = await run({ messages: ask('How many tokens is this?'), ...demo({ tokens: 1 }) })
    const parts = [
      { type: 'text', text: 'How many tokens' },
      { type: 'image_url' },
      { type: 'text', text: ' is this?' },
    ]
    const split = await run({ messages: [{ role: 'user', content: parts }], ...demo({ tokens: 1 }) })
    const usage = { inputTokens: 3 + 3 + 1 + 6, outputTokens: 1, totalTokens: 14 }
    expect(eventsOf(whole).at(-1)).toEqual({ type: 'usage', usage })
    expect(eventsOf(split).at(-1)).toEqual({ type: 'usage', usage })
  })

  test('what looks like a control token is text', async () => {
    const outcome = await run({ messages: ask('<|endoftext|>'), ...demo({ tokens: 1 }) })
    expect(outcome.error).toBeUndefined()
  })

  test('a text without a space is counted in a time that grows as it does', async () => {
    const counting = (size: number) => async () => {
      const outcome = await run({ messages: ask('ก'.repeat(size)), ...demo({ tokens: 1 }) })
      expect(eventsOf(outcome).at(-1)).toMatchObject({ usage: { inputTokens: size + 7 } })
    }
    expect(await costGrowth(counting, { size: 2 ** 17, factor: 8 })).toBeLessThan(8 ** 1.5)
  })
})

describe('choices', () => {
  test('are interleaved, each with a finish of its own, then one usage', async () => {
    const outcome = await run({ n: 3, max_tokens: 20, ...demo({}) })
    const events = eventsOf(outcome)
    const choices = events.flatMap((event) => (event.type === 'text' ? [event.choice] : []))
    expect([0, 1, 2].map((choice) => choices.slice(0, 6).filter((other) => other === choice).length)).toEqual([2, 2, 2])
    expect(new Set([0, 1, 2].map((choice) => textOf(outcome, choice))).size).toBe(3)
    expect(events.slice(-4).map(({ type, choice }) => `${type} ${choice}`)).toEqual([
      'finish 0',
      'finish 1',
      'finish 2',
      'usage undefined',
    ])
  })
})

describe('reasoning', () => {
  test('comes before the text, as events', async () => {
    const outcome = await run(demo({ reasoning: true, text: 'ja' }))
    expect(textOf(outcome, 0, 'reasoning')).toContain('public domain')
    expect(bytesOf(outcome).toString()).toBe(PASSAGES.ja)
    const firstText = outcome.items.findIndex((item) => !isEvent(item))
    expect(outcome.items.slice(firstText).some((item) => isEvent(item) && item.type === 'reasoning')).toBe(false)
  })
})

describe('tools', () => {
  const parameters = {
    type: 'object',
    properties: {
      city: { type: 'string' },
      unit: { enum: ['celsius', 'fahrenheit'] },
      days: { type: 'integer', minimum: 2, maximum: 5 },
      tags: { type: ['null', 'array'], items: { anyOf: [{ type: 'boolean' }, { type: 'null' }] } },
      nested: { type: 'object', properties: { version: { const: 3 } } },
    },
  }
  const tools = [{ type: 'function', function: { name: 'get_weather', parameters } }]
  const argsOf = (outcome: Run): string =>
    eventsOf(outcome)
      .map((event) => (event.type === 'tool' && event.phase === 'args' ? event.text : ''))
      .join('')

  test('offered ones are called with arguments that fit, piece by piece', async () => {
    const outcome = await run({ tools, ...demo({}) })
    const [call, ...rest] = eventsOf(outcome)
    expect(call).toMatchObject({
      type: 'tool',
      phase: 'call',
      name: 'get_weather',
      id: expect.stringMatching(/^call_\w{24}$/),
    })
    expect(rest.length).toBeGreaterThan(10)
    const args = JSON.parse(argsOf(outcome))
    expect(args).toEqual({
      city: expect.any(String),
      unit: expect.stringMatching(/^(celsius|fahrenheit)$/),
      days: expect.any(Number),
      tags: [expect.any(Boolean), expect.any(Boolean)],
      nested: { version: 3 },
    })
    expect([2, 3, 4, 5]).toContain(args.days)
    expect(eventsOf(outcome)).toContainEqual({ type: 'finish', reason: 'tool_calls', choice: 0 })
  })

  test('arguments survive tokens that split code points', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const args = argsOf(await run({ seed, ...demo({ toolCall: true }) }))
      expect(args).not.toContain('\ufffd')
      expect(JSON.parse(args)).toEqual({ place: expect.any(String), days: expect.any(Number) })
    }
  })

  test('a named tool is the one called', async () => {
    const others = ['a', 'b', 'c', 'd'].map((name) => ({ type: 'function', function: { name } }))
    const outcome = await run({
      tools: others,
      tool_choice: { type: 'function', function: { name: 'c' } },
      ...demo({}),
    })
    expect(eventsOf(outcome)[0]).toMatchObject({ name: 'c' })
  })

  test('text answers where a tool has just been called, or none is wanted', async () => {
    const answered = [...ask('Weather?'), { role: 'assistant', tool_calls: [] }, { role: 'tool', content: '{}' }]
    for (const body of [
      { tools, messages: answered },
      { tools, tool_choice: 'none' },
      { tools, sluice_demo: { toolCall: false, interTokenMs: 0 } },
    ]) {
      const outcome = await run({ ...demo({}), ...body })
      expect(bytesOf(outcome).length).toBeGreaterThan(0)
      expect(eventsOf(outcome)[0]).toMatchObject({ type: 'finish', reason: 'stop' })
    }
  })

  test('each choice has a call id of its own', async () => {
    const calls = eventsOf(await run({ n: 2, tools, ...demo({}) })).filter(
      (e) => e.type === 'tool' && e.phase === 'call',
    )
    expect(new Set(calls.map((event) => 'id' in event && event.id)).size).toBe(2)
  })
})

describe('bodies', () => {
  test.each([
    [{ messages: [] }, 'messages'],
    [{ messages: ask('Hi'), n: 0 }, 'n'],
    [{ messages: ask('Hi'), max_tokens: 1.5 }, 'max_tokens'],
    [{ messages: ask('Hi'), tools: [{}] }, 'tools.0.function'],
    [{ messages: ask('Hi'), sluice_demo: { burst: 0 } }, 'sluice_demo.burst'],
    [{ messages: ask('Hi'), sluice_demo: { text: 'klingon' } }, 'sluice_demo.text'],
    [{ messages: ask('Hi'), sluice_demo: { ttft: 5 } }, 'sluice_demo'],
  ])('%j is refused, and the message names %s', (body, field) => {
    expect(() => createDemoRunner().chat(body as ChatBody)).toThrow(
      expect.objectContaining({ code: 'SLUICE_ERR_REQUEST', message: expect.stringContaining(`"${field}"`) }),
    )
  })

  test('fields it does not know, and nulls where OpenAI allows them, are fine', () => {
    const body = {
      model: 'gpt-4o',
      messages: ask('Hi'),
      stream: true,
      stream_options: { include_usage: true },
      n: null,
    }
    expect(createDemoRunner().chat({ ...body, seed: null, tools: null, max_tokens: null })).toBeTypeOf('function')
    expect(createDemoRunner().models()).toEqual(['sluice-demo'])
  })
})
