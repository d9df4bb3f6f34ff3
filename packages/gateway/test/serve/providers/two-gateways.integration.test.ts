import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import OpenAI from 'openai'
import type { ResponseStreamEvent } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { CHAT, listOf, RICH_CHAT } from '../../rig/provider-stage.ts'
import { type SpawnedGateway, spawnGateway } from '../../rig/spawned-gateway.ts'
import { type BehavingBackend, chunk, type Exchange, startBehavingBackend } from '../../rig/stage.ts'

let redis: RedisServer
let backend: BehavingBackend
let there: SpawnedGateway

const spawn = (): Promise<SpawnedGateway> => spawnGateway(['--upstream', backend.baseUrl, '--redis', redis.url])
const clientOf = ({ url }: SpawnedGateway) => new OpenAI({ apiKey: 'x', baseURL: `${url}/v1`, maxRetries: 0 })

beforeAll(async () => {
  redis = await startRedisServer()
  backend = await startBehavingBackend()
  there = await spawn()
})

afterAll(async () => {
  for (const resource of [there, backend, redis]) await resource[Symbol.asyncDispose]()
})

/** A model of chat completions that does as the test says. */
const onChat = (answer: (exchange: Exchange) => unknown) =>
  backend.behave((exchange) => {
    if (exchange.path === CHAT) return answer(exchange)
    return exchange.response.writeHead(404).end('{"detail":"Not Found"}')
  })

/** The events of a response, from after a number on, in chunks of at most so many tokens. */
async function eventsOn(
  gateway: SpawnedGateway,
  id: string,
  { after, maxTokens }: { after?: number; maxTokens: number },
): Promise<ResponseStreamEvent[]> {
  const query = { maxTokens: String(maxTokens) }
  const options = { stream: true as const, ...(after !== undefined && { starting_after: after }) }
  return listOf(await clientOf(gateway).responses.retrieve(id, options, { query: { ...options, ...query } }))
}

describe('two gateways on one Redis', () => {
  test('contract 1: a client goes on at the other, under another policy, after any event, and misses and repeats nothing', async () => {
    await using here = await spawn()
    const { model } = onChat(async (exchange) => {
      exchange.stream()
      await exchange.send(...RICH_CHAT)
      exchange.response.end()
    })
    const { id } = await clientOf(here).responses.create({ model, input: 'hi', background: true })
    const whole = await eventsOn(here, id, { maxTokens: 1 })
    const final = whole.at(-1)
    expect(final).toMatchObject({ type: 'response.completed', response: { status: 'completed' } })
    for (const { sequence_number: after } of whole) {
      const rest = await eventsOn(there, id, { after, maxTokens: 3 })
      const own = whole.filter(({ sequence_number: number }) => number > after)
      expect(deltasOf(rest)).toEqual(deltasOf(own))
      expect(rest.at(-1)).toEqual(own.at(-1))
      const known = new Set(whole.map(({ sequence_number: number }) => number))
      expect(rest.every(({ sequence_number: number }) => number > after && known.has(number))).toBe(true)
    }
  })

  test('contract 2: where the one that produces it dies, its clients are told at the other, wherever they were', async () => {
    const here = await spawn()
    const { model } = onChat(async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'a' }), chunk({ content: 'b' }))
    })
    const { id } = await clientOf(here).responses.create({ model, input: 'hi', background: true })
    const seen: ResponseStreamEvent[] = []
    for await (const event of await clientOf(there).responses.retrieve(id, { stream: true })) {
      seen.push(event)
      if (deltasOf(seen) === 'ab') break
    }
    await here[Symbol.asyncDispose]()
    for (const { sequence_number: after } of seen) {
      const rest = await eventsOn(there, id, { after, maxTokens: 3 })
      expect(deltasOf([...seen.filter(({ sequence_number: number }) => number <= after), ...rest])).toBe('ab')
      expect(rest.at(-1)).toMatchObject({
        type: 'response.failed',
        response: { error: { code: 'SLUICE_ERR_INTERRUPTED' }, output: [{ content: [{ text: 'ab' }] }] },
      })
    }
  })
})

/** All that is said in pieces, joined. */
function deltasOf(events: readonly ResponseStreamEvent[]): string {
  return events.map((event) => ('delta' in event && typeof event.delta === 'string' ? event.delta : '')).join('')
}
