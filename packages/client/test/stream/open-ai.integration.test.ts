import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { SourceItem } from '@sluice/core'
import { type ClientEvent, openAiSse, start } from '@sluice/client'
import { expectedText, hostileText, SEED } from '@sluice/testing'
import { type ChaosCutKind, startChaosProxy } from '@sluice/testing/chaos-proxy'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'

import { QUICK } from '../rig/quick.ts'
import { startStreamServer } from '../rig/stream-server.ts'

const chatUrl = (streams: string): string => streams.replace('/streams', '/chat/completions')
const BODY = { stream: true, model: 'm', messages: [], stream_options: { include_usage: true } }

test('contract 1: every kind of event of OpenAI’s wire is read', async () => {
  const items: SourceItem[] = [
    { type: 'reasoning', text: 'Hm. ', as: 'reasoning_content' },
    'Hello ',
    { type: 'tool', phase: 'call', id: 'call_1', name: 'look' },
    { type: 'tool', phase: 'args', id: 'call_1', text: '{"a":' },
    { type: 'tool', phase: 'args', id: 'call_1', text: '1}' },
    { type: 'refusal', text: 'No.' },
    { type: 'usage', usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 } },
  ]
  const server = await startStreamServer({ run: () => () => items })
  const stream = start(chatUrl(server.streams), BODY, { transport: openAiSse })
  const events: ClientEvent[] = []
  for await (const event of stream) events.push(event)
  const bare = events.map((event) => JSON.parse(JSON.stringify(event)) as object)
  expect(bare).toEqual([
    { type: 'reasoning', text: 'Hm. ', as: 'reasoning_content' },
    { type: 'text', text: 'Hello ' },
    { type: 'tool', phase: 'call', id: 'call_1', name: 'look' },
    { type: 'tool', phase: 'args', id: 'call_1', text: '{"a":1}' },
    { type: 'refusal', text: 'No.' },
    { type: 'usage', usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 } },
    { type: 'end', reason: 'stop', complete: true },
  ])
})

const [script] = fc.sample(
  fc.record({
    tokens: fc.array(hostileText({ loneSurrogates: false, maxPieces: 4 }), { minLength: 1_500, maxLength: 1_500 }),
    cuts: fc.array(
      fc.record({ how: fc.constantFrom<ChaosCutKind>('rst', 'fin'), afterBytes: fc.integer({ min: 1, max: 2_000 }) }),
      { minLength: 100, maxLength: 100 },
    ),
  }),
  { seed: SEED, numRuns: 1 },
)

test.each([false, true])(
  'contract 1, 2: cut at any byte, over and over, it is the source’s text, and a failure (%s) is told',
  async (fails) => {
    const server = await startStreamServer({
      run: () =>
        async function* () {
          yield { type: 'tool', phase: 'call', id: 'call_1', name: 'write' } as const
          for (const token of script!.tokens) {
            yield [token, { type: 'tool', phase: 'args', id: 'call_1', text: token }] as SourceItem
            await new Promise((resolve) => setImmediate(resolve))
          }
          if (fails) throw new Error('broken')
        },
    })
    const proxy = await startChaosProxy({ target: { port: server.port }, seed: SEED })
    onTestFinished(() => proxy.close())
    const cuts = [...script!.cuts]
    let connections = 0
    const cutting = (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
      connections++
      const cut = cuts.shift()
      if (cut) proxy.cut(cut)
      else proxy.heal()
      return fetch(url, init)
    }
    const url = chatUrl(server.streams).replace(String(server.port), String(proxy.port))
    const stream = start(url, BODY, { transport: openAiSse, resume: QUICK, fetch: cutting })
    let [text, args] = ['', '']
    for await (const event of stream) {
      if (event.type === 'text') text += event.text
      if (event.type === 'tool' && event.phase === 'args') args += event.text
    }
    const whole = expectedText(script!.tokens)
    expect([text === whole, args === whole]).toEqual([true, true])
    expect(stream.end).toMatchObject(fails ? { reason: 'error', complete: false } : { reason: 'stop', complete: true })
    expect(connections).toBeGreaterThan(20)
  },
)

test('contract 3: why it ended is known also where the cut came after that was said', async () => {
  const rest = Promise.withResolvers<void>()
  const server = await startStreamServer({
    run: () =>
      async function* () {
        yield ['a', { type: 'finish', reason: 'length' }, { type: 'text', text: 'b', choice: 1 }] as SourceItem
        await rest.promise
        yield { type: 'finish', reason: 'stop', choice: 1 }
      },
  })
  const stream = start(chatUrl(server.streams), { ...BODY, n: 2 }, { transport: openAiSse, resume: QUICK })
  for await (const event of stream) {
    if (event.type !== 'text' || event.choice !== 1) continue
    server.http.closeAllConnections()
    rest.resolve()
  }
  expect(stream.end).toMatchObject({ reason: 'length', complete: true })
  expect(server.asked.length).toBeGreaterThan(1)
})

test('contract 2: a server that gives no ids, and is cut, is not read again from the beginning', async () => {
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('data: {"choices":[{"index":0,"delta":{"content":"Half"}}]}\n\n')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
  await expect(start(url, BODY, { transport: openAiSse, resume: QUICK }).text()).rejects.toMatchObject({
    code: 'SLUICE_ERR_READING_CLOSED',
  })
  expect(asked).toBe(1)
})
