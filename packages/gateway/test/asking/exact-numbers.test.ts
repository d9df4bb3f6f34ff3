import { createSluice } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { MissingRoutes } from '../../src/asking/missing-route.ts'
import { type ProviderRequest, providerSource } from '../../src/asking/provider-source.ts'

/** The text that a backend of chat completions is sent for a request of another format. */
async function sentFor(format: ProviderRequest['format'], bodyText: string): Promise<string> {
  const sent: string[] = []
  const missing = new MissingRoutes()
  missing.note(format)
  const { sluice: _, ...body } = JSON.parse(bodyText) as { sluice?: object }
  const source = providerSource(
    { format, body, bodyText, backendIdOf: undefined, itemsOf: undefined },
    {
      missing,
      baseUrl: 'http://backend/v1',
      key: undefined,
      headers: {},
      limits: { maxChunkBytes: 1024, maxCompletionBytes: 1024 },
      fetch: async (_url, init) => {
        sent.push(String(init!.body))
        return new Response('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n', {
          headers: { 'content-type': 'text/event-stream' },
        })
      },
    },
  )
  const stream = await createSluice().start(source, { as: 'server' })
  expect((await stream.result()).end.complete).toBe(true)
  expect(sent).toHaveLength(1)
  return sent[0]!
}

const SCHEMA = '{"type":"integer","maximum":9223372036854775807,"multipleOf":1e-400}'

describe('contract 1: numbers of a request that is translated are those that its client wrote', () => {
  test('in the tools of a response, and in what is not known', async () => {
    const tools = `[{"type":"function","name":"f","parameters":${SCHEMA}}]`
    const sent = await sentFor(
      'responses',
      `{"sluice":{"ids":true},"model":"m","input":"hi","tools":${tools},"seed":12345678901234567890}`,
    )
    expect(sent).toContain(`"parameters":${SCHEMA}`)
    expect(sent).toContain('"seed":12345678901234567890')
    expect(sent).not.toContain('sluice')
  })

  test('in the tools of a message, and in what calls were given', async () => {
    const tools = `[{"name":"f","input_schema":${SCHEMA}}]`
    const call = '[{"type":"tool_use","id":"t","name":"f","input":{"id":12345678901234567890}}]'
    const messages = `[{"role":"user","content":"hi"},{"role":"assistant","content":${call}}]`
    const sent = await sentFor('messages', `{"model":"m","max_tokens":10,"messages":${messages},"tools":${tools}}`)
    expect(sent).toContain(`"parameters":${SCHEMA}`)
    expect(sent).toContain(JSON.stringify('{"id":12345678901234567890}'))
  })
})
