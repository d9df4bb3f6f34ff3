import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type DroppingProxy, startDroppingProxy } from '../../rig/dropping-proxy.ts'
import { CHAT, type ProviderStage, RICH_CHAT, startProviderStage } from '../../rig/provider-stage.ts'
import { chunk, DONE } from '../../rig/stage.ts'
import { aiSdk } from './ai-sdk.ts'
import { langChainAnthropic, langChainOpenAi, langChainResponses } from './langchain.ts'
import type { OfficialClient } from './official-client.ts'
import { openAiAgents } from './openai-agents.ts'

const CLIENTS = [
  aiSdk,
  openAiAgents(true),
  openAiAgents(false),
  langChainOpenAi,
  langChainResponses,
  langChainAnthropic,
]
/** What a client makes of {@link RICH_CHAT}. */
const wholeOf = ({ missesLateInput }: OfficialClient) => ({
  text: 'Let me see',
  calls: [
    { id: 'call_1', name: 'f', input: { a: 1 } },
    { id: 'call_2', name: 'g', input: {} },
  ],
  usage: { input: missesLateInput ? 0 : 3, output: 5 },
})

let stage: ProviderStage
let proxy: DroppingProxy

beforeAll(async () => {
  stage = await startProviderStage()
  proxy = await startDroppingProxy(stage.gateway.url)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

/** What a client said went wrong; nothing where it took the answer for a whole one. */
async function failureOf(asking: Promise<unknown>): Promise<Error | undefined> {
  return asking.then(
    () => undefined,
    (error: unknown) => error as Error,
  )
}

describe.each(CLIENTS)('$name', (client) => {
  const origin = () => stage.gateway.url

  test('reads text, calls and usage of a backend of chat completions', async () => {
    const { model } = stage.answering(CHAT, ...RICH_CHAT)
    expect(await client.ask({ origin: origin(), model })).toEqual(wholeOf(client))
  })

  test('runs the calls, and has the model go on with their results', async () => {
    const told: unknown[] = []
    const { model } = stage.onPath(CHAT, async (exchange) => {
      const messages = exchange.body.messages as { role: string; content: unknown; tool_call_id?: string }[]
      const results = messages.filter(({ role }) => role === 'tool')
      told.push(...results.map(({ tool_call_id: id, content }) => [id, textOf(content)]))
      exchange.stream()
      if (results.length === 0) await exchange.send(...RICH_CHAT)
      else
        await exchange.send(chunk({ content: 'It is ' }), chunk({ content: '7.' }), chunk({}, { finish: 'stop' }), DONE)
      exchange.response.end()
    })
    expect(await client.converse({ origin: origin(), model })).toBe('It is 7.')
    expect(told).toEqual([
      ['call_1', '7'],
      ['call_2', '7'],
    ])
  })

  test('is told of what the backend refuses, in the backend’s words', async () => {
    const { model } = stage.onPath(CHAT, ({ response }) => {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end('{"error":{"message":"no such seed","type":"invalid_request_error","code":"seed"}}')
    })
    const failure = await failureOf(client.ask({ origin: origin(), model }))
    expect(String(failure?.message)).toContain('no such seed')
  })

  test('contract 2: is told of an answer that the backend has broken off', async () => {
    const { model } = stage.answering(CHAT, chunk({ content: 'half' }))
    const asking = client.ask({ origin: origin(), model })
    if (client.deafToFailures) expect(await asking).toMatchObject({ text: 'half', usage: { output: undefined } })
    else expect(await failureOf(asking)).toBeInstanceOf(Error)
  })

  test('contract 9: closes the connection to the backend when it is aborted, and takes nothing for an answer', async () => {
    const talking = stage.onPath(CHAT, async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'a' }))
    })
    const leaving = new AbortController()
    const asking = failureOf(
      client.ask({ origin: origin(), model: talking.model, signal: leaving.signal, onText: () => leaving.abort() }),
    )
    await (
      await talking.first
    ).closed
    expect(await asking).toBeInstanceOf(Error)
  })

  test('contract 2: fails where its connection breaks before its end, after any event', async () => {
    const { model } = stage.answering(CHAT, ...RICH_CHAT)
    const ask = () => client.ask({ origin: proxy.url, model })
    proxy.cutAfter = undefined
    expect(await ask()).toEqual(wholeOf(client))
    const { events } = proxy
    expect(events).toBeGreaterThan(RICH_CHAT.length / 2)
    let cuts = 0
    for (let cutAfter = 0; cutAfter < events; cutAfter++) {
      proxy.cutAfter = cutAfter
      const failure = await failureOf(ask())
      // On a busy machine events are merged: an answer may have fewer than the first one, and is whole then.
      expect(failure instanceof Error, `after ${cutAfter} of ${events} events`).toBe(proxy.isCut)
      if (proxy.isCut) cuts++
    }
    expect(cuts).toBeGreaterThan(RICH_CHAT.length / 4)
  })
})

function textOf(content: unknown): unknown {
  return Array.isArray(content) ? content.map(({ text }: { text: string }) => text).join('') : content
}
