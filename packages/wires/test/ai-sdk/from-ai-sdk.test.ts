import { createSluice, SluiceError, type StreamEvent } from '@sluice/core'
import { fromAiSdk } from '@sluice/wires/ai-sdk'
import { jsonSchema, simulateReadableStream, stepCountIs, streamText, tool } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { describe, expect, test } from 'vitest'

const AS = { as: 'server' } as const
const USAGE = {
  inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
}

type Part = Parameters<typeof simulateReadableStream<unknown>>[0]['chunks'][number]

/** A model that says these parts, step by step, and notes its signal. */
function modelOf(...steps: Part[][]): { model: MockLanguageModelV4; signals: (AbortSignal | undefined)[] } {
  const signals: (AbortSignal | undefined)[] = []
  let step = 0
  const model = new MockLanguageModelV4({
    doStream: (options: { abortSignal?: AbortSignal }) => {
      signals.push(options.abortSignal)
      const chunks = [{ type: 'stream-start', warnings: [] }, ...steps[step++]!]
      return Promise.resolve({ stream: simulateReadableStream({ chunks }) as never })
    },
  })
  return { model, signals }
}

const FINISH = { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage: USAGE }
const saying = (...texts: string[]): Part[] => [
  { type: 'text-start', id: '0' },
  ...texts.map((delta) => ({ type: 'text-delta', id: '0', delta })),
  { type: 'text-end', id: '0' },
]

async function eventsOf(run: Parameters<typeof fromAiSdk>[0]): Promise<StreamEvent[]> {
  const stream = await createSluice().start(fromAiSdk(run), AS)
  const events: StreamEvent[] = []
  for await (const event of stream) events.push(event)
  return events
}

describe('what the AI SDK streams, as a source', () => {
  test('streamText: text, reasoning, usage and the reason', async () => {
    const thought: Part[] = [
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', delta: 'Hm.' },
      { type: 'reasoning-end', id: 'r' },
    ]
    const { model } = modelOf([...thought, ...saying('Call', ' me'), FINISH])
    const events = await eventsOf(({ signal }) => streamText({ model, prompt: 'hi', abortSignal: signal }))
    expect(events.slice(0, 3)).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Call' },
      { type: 'text', text: ' me' },
    ])
    expect(events.at(-1)).toMatchObject({ reason: 'stop', complete: true, usage: { inputTokens: 3, outputTokens: 5 } })
  })

  test('streamText with a tool: the call, its input, its result, and what the model says then', async () => {
    const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: '{"city":"Rome"}' }
    const { model } = modelOf(
      [call, { ...FINISH, finishReason: { unified: 'tool-calls', raw: 'tool_calls' } }],
      [...saying('Sunny.'), FINISH],
    )
    const weather = tool({
      description: 'The weather',
      inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
      execute: ({ city }) => Promise.resolve({ city, sky: 'clear' }),
    })
    const events = await eventsOf(({ signal }) =>
      streamText({ model, prompt: 'hi', abortSignal: signal, tools: { weather }, stopWhen: stepCountIs(2) }),
    )
    expect(events.filter(({ type }) => type === 'tool')).toEqual([
      { type: 'tool', phase: 'call', id: 'c1', name: 'weather' },
      { type: 'tool', phase: 'args', id: 'c1', text: '{"city":"Rome"}' },
      { type: 'tool', phase: 'result', id: 'c1', result: { city: 'Rome', sky: 'clear' } },
    ])
    expect(events).toContainEqual({ type: 'text', text: 'Sunny.' })
  })

  test('a language model, a textStream, and a stream that was made before', async () => {
    const { model } = modelOf([...saying('a', 'b'), FINISH], [...saying('c'), FINISH])
    const own = await model.doStream({ prompt: [] } as never)
    expect((await eventsOf(own as never)).at(-1)).toMatchObject({ complete: true, usage: { outputTokens: 5 } })
    const { textStream } = streamText({ model, prompt: 'hi' })
    expect(await eventsOf(textStream)).toMatchObject([
      { type: 'text', text: 'c' },
      { type: 'end', reason: 'stop' },
    ])
  })

  test('a cancel reaches the model by the signal', async () => {
    const { model, signals } = modelOf([...saying('a'), { type: 'text-delta', id: '0', delta: 'b' }])
    const never = new Promise<never>(() => undefined)
    const stream = await createSluice().start(
      fromAiSdk(async function ({ signal }) {
        const { fullStream } = streamText({ model, prompt: 'hi', abortSignal: signal })
        return (async function* () {
          for await (const part of fullStream) yield part
          await never
        })()
      }),
      AS,
    )
    for await (const event of stream) if (event.type === 'text') break
    const end = await stream.cancel()
    expect(end).toMatchObject({ reason: 'cancelled' })
    expect(signals[0]?.aborted).toBe(true)
  })

  test('an error part fails the stream, and says nothing of what the provider threw', async () => {
    const { model } = modelOf([...saying('a'), { type: 'error', error: new Error('key sk-secret') }])
    const events = await eventsOf(streamText({ model, prompt: 'hi', onError: () => undefined }))
    const end = events.at(-1) as StreamEvent & { type: 'end' }
    expect(end).toMatchObject({ reason: 'error', complete: false, error: { code: 'SLUICE_ERR_BACKEND' } })
    expect(JSON.stringify(end)).not.toContain('secret')
  })

  test.each([
    ['a model that ends without a finish', [{ type: 'stream-start', warnings: [] }, ...saying('a')]],
    ['an answer that was interrupted', [...saying('a'), { type: 'finish', finishReason: 'interrupted' }]],
    ['a model that was', [...saying('a'), { ...FINISH, finishReason: { unified: 'interrupted', raw: 'x' } }]],
  ])('contract 2: %s has not given a whole answer', async (_, chunks) => {
    const events = await eventsOf({ stream: simulateReadableStream({ chunks: chunks as Part[] }) as never })
    expect(events.at(-1)).toMatchObject({ reason: 'error', complete: false, error: { code: 'SLUICE_ERR_BACKEND' } })
  })

  test.each([undefined, null, 5, 'text', {}, { fullStream: 1 }])('%o is refused at once', (value) => {
    expect(() => fromAiSdk(value as never)).toThrow(SluiceError)
  })
})
