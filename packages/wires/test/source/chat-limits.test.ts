import { createSluice, type SluiceError } from '@sluice/core'
import { type OpenAiChatLimits, openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { answering } from '../rig/answering.ts'
import { chunk, DONE } from '../rig/fake-backend.ts'
import { readUntilError } from '../rig/reading.ts'

const MIB = 1024 * 1024
const END = chunk({}, { finish: 'stop' }) + DONE

async function messageOf(body: string, limits: OpenAiChatLimits = {}): Promise<string | undefined> {
  const source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    body: { model: 'm' },
    fetch: answering([body]),
    ...limits,
  })
  const { error } = await readUntilError(source)
  return (error as SluiceError | undefined)?.message
}

const image = (chars: number): string => chunk({ images: [{ image_url: { url: 'A'.repeat(chars) } }] })

describe('what is longer than a limit ends the stream with its name and value', () => {
  test.each<[string, string, OpenAiChatLimits, string]>([
    ['a chunk', image(2_000) + END, { maxChunkBytes: 1_000 }, 'maxChunkBytes (1000)'],
    ['a line without an end', `data: ${'x'.repeat(2_000)}`, { maxChunkBytes: 1_000 }, 'maxChunkBytes (1000)'],
    ['a chunk of many lines', `${'data: xxxxxxxxx\n'.repeat(200)}\n`, { maxChunkBytes: 1_000 }, 'maxChunkBytes (1000)'],
    [
      'a completion',
      `{"choices":[{"message":{"content":"${'x'.repeat(2_000)}"}}]}`,
      { maxCompletionBytes: 1_000 },
      'maxCompletionBytes (1000)',
    ],
    [
      'arguments before their name',
      chunk({ tool_calls: [{ index: 0, function: { arguments: 'x'.repeat(2_000) } }] }) + END,
      { maxHeldBytes: 1_000 },
      'maxHeldBytes (1000)',
    ],
    [
      'a name that never ends',
      chunk({
        tool_calls: [
          { index: 0, function: { name: 'n'.repeat(100) } },
          { index: 0, function: { name: 'm'.repeat(900) } },
        ],
      }) + END,
      { maxHeldBytes: 1_000 },
      'maxHeldBytes (1000)',
    ],
    [
      'a flood of calls',
      Array.from({ length: 20 }, (_, index) =>
        chunk({ tool_calls: [{ index, id: `${index}`, function: { name: 'f', arguments: '{}' } }] }),
      ).join('') + END,
      { maxHeldBytes: 1_000 },
      'maxHeldBytes (1000)',
    ],
  ])('%s', async (_, body, limits, named) => {
    expect(await messageOf(body, limits)).toContain(named)
  })

  test('and one that is as long as allowed does not', async () => {
    const line = image(2_000)
    expect(await messageOf(line + END, { maxChunkBytes: line.length })).toBeUndefined()
    const calls = chunk({
      tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: `{"a":"${'x'.repeat(5_000)}"}` } }],
    })
    expect(await messageOf(calls + END, { maxHeldBytes: 1_000 })).toBeUndefined()
  })
})

test.each([0, -1, 1.5, Number.NaN, Infinity, '1' as never])(
  'refuses %j as a limit, when the source is made',
  (value) => {
    for (const name of ['maxChunkBytes', 'maxCompletionBytes', 'maxHeldBytes']) {
      expect(() => openAiChatSource({ baseUrl: 'http://backend/v1', body: {}, [name]: value })).toThrow(name)
    }
  },
)

test('megabytes in one chunk go through a stream that allows for them', async () => {
  const body = chunk({ content: 'x'.repeat(1.4 * MIB) }) + image(5 * MIB) + END
  const source = openAiChatSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering([body]) })
  const options = { as: 'server', onDisconnect: 'continue' } as const
  const stream = await createSluice({ stream: { maxDataBytes: 8 * MIB } }).start(source, options)
  const { events } = await stream.result()
  expect(stream.end).toMatchObject({ complete: true })
  const url = JSON.stringify(events.find((event) => event.type === 'text' && event.text === ''))
  expect(url.length).toBeGreaterThan(5 * MIB)
  const small = await createSluice({ stream: { maxDataBytes: MIB } }).start(source, options)
  await small.ended
  expect(small.end?.error?.message).toContain('maxDataBytes (1048576)')
})
