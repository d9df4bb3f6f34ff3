import type { Json } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DONE } from './rig/fake-backend.ts'
import { contextOf } from './rig/reading.ts'

/** What a fetch was given as the body of its request. */
async function sentText(body: { [name: string]: Json }, bodyText: string): Promise<string> {
  let sent = ''
  const source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    body,
    bodyText,
    fetch: async (_url, init) => {
      sent = String(init?.body)
      return new Response(DONE, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  await source(contextOf(new AbortController().signal))
  return sent
}

test('numbers and members of one name arrive as they were written; what body does not have is left out', async () => {
  const text =
    '{ "model":"m", "seed": 9007199254740993, "temperature":1.0, "top_p":1e400, "x":1, "x":[-0, 1E2],' +
    ' "sluice":{"key":"k"}, "stream" : false, "sluice":1, "deep":{"a":0.10} }'
  const { sluice: _, ...body } = JSON.parse(text) as { [name: string]: Json }
  const sent = await sentText(body, text)
  expect(sent).toBe(
    '{"model":"m","seed": 9007199254740993,"temperature":1.0,"top_p":1e400,"x":1,"x":[-0, 1E2],' +
      '"stream":true,"deep":{"a":0.10},"stream_options":{"include_usage":true}}',
  )
})

test('a request that asks for all that we add is sent to the byte', async () => {
  const text = ' {"stream_options" : {"include_usage":true , "n":1.0},\n"stream":true, "a":1.00}'
  expect(await sentText(JSON.parse(text) as { [name: string]: Json }, text)).toBe(text)
})

test('whatever is sent parses to the client’s request with our additions', async () => {
  const options = fc.oneof(fc.constant(null), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }))
  const bodies = fc.record(
    { model: fc.string(), stream: fc.constantFrom(true, false, null), stream_options: options, more: fc.jsonValue() },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(bodies, fc.constantFrom(0, 1), async (drawn, indent) => {
      const text = JSON.stringify(drawn, undefined, indent)
      const body = JSON.parse(text) as { [name: string]: Json }
      const sent = JSON.parse(await sentText(body, text)) as unknown
      const before = body.stream_options as object | null | undefined
      expect(sent).toEqual({ ...body, stream: true, stream_options: { ...before, include_usage: true } })
    }),
  )
})
