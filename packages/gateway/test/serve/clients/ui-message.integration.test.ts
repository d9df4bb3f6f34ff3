import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type DroppingProxy, startDroppingProxy } from '../../rig/dropping-proxy.ts'
import { askJson } from '../../rig/native-client.ts'
import { CHAT, type ProviderStage, RICH_CHAT, startProviderStage } from '../../rig/provider-stage.ts'
import { chunk, MESSAGES } from '../../rig/stage.ts'

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

/** Starts a stream on sluice's own route; gives its id. */
async function start(model: string): Promise<string> {
  const body = { model, messages: MESSAGES, background: true }
  const { value } = await askJson(`${stage.api}/streams`, { method: 'POST', body })
  return String(value.id)
}

/** The message that the AI SDK makes of a stream which any client has started. */
async function messageOf(id: string): Promise<UIMessage | undefined> {
  const api = `${proxy.url}/v1/streams/${id}?wire=ai-sdk.ui-message-stream`
  const transport = new DefaultChatTransport({ prepareReconnectToStreamRequest: () => ({ api }) })
  const stream = (await transport.reconnectToStream({ chatId: 'c' }))!
  let last: UIMessage | undefined
  for await (const message of readUIMessageStream({ stream, terminateOnError: true })) last = message
  return last
}

describe('readUIMessageStream, of a stream that was started on another wire', () => {
  test('contract 1: has the whole message however often its connection broke before, and never half of one for a whole', async () => {
    const { model } = stage.answering(CHAT, ...RICH_CHAT)
    const id = await start(model)
    proxy.cutAfter = undefined
    const whole = await messageOf(id)
    expect(whole).toMatchObject({
      id: `msg_${id}`,
      metadata: { usage: { inputTokens: 3, outputTokens: 5 } },
      parts: [
        { type: 'step-start' },
        { type: 'reasoning', text: 'hm', state: 'done' },
        { type: 'text', text: 'Let me see', state: 'done' },
        { toolCallId: 'call_1', state: 'input-available', input: { a: 1 } },
        { toolCallId: 'call_2', state: 'input-available', input: {} },
      ],
    })
    const { events } = proxy
    let cuts = 0
    for (let cutAfter = 0; cutAfter < events; cutAfter++) {
      proxy.cutAfter = cutAfter
      const seen = messageOf(id)
      const [outcome] = await Promise.allSettled([seen])
      // What was live is merged in a replay, more on a busy machine: an answer of fewer events is whole.
      if (!proxy.isCut) {
        expect(outcome).toEqual({ status: 'fulfilled', value: whole })
        continue
      }
      cuts++
      await expect(seen, `after ${cutAfter} of ${events} events`).rejects.toThrow('terminated')
      proxy.cutAfter = undefined
      expect(await messageOf(id)).toEqual(whole)
    }
    expect(cuts).toBeGreaterThan(RICH_CHAT.length / 4)
  })

  test('contract 2: throws where the backend broke its answer off', async () => {
    const id = await start(stage.answering(CHAT, chunk({ content: 'half' })).model)
    proxy.cutAfter = undefined
    await expect(messageOf(id)).rejects.toThrow('backend')
  })
})
