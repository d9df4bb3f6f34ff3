import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { type Behaviour, chunk, DONE, type Exchange, type Stage, startStage } from './stage.ts'
import { USAGE_CHUNK } from './chat-stage.ts'

/** A gateway before a backend that speaks chat completions alone, or other formats too, and official clients before it. */
export interface ProviderStage extends Stage {
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  /** A model of the backend that streams these pieces on this path, each in a packet of its own, and ends. */
  answering(path: string, ...pieces: readonly string[]): Behaviour
  /** The same, answered by what the test does. */
  onPath(path: string, answer: (exchange: Exchange) => unknown): Behaviour
}

export const CHAT = '/v1/chat/completions'
export const RESPONSES = '/v1/responses'
export const MESSAGES_PATH = '/v1/messages'

export async function startProviderStage(flags: readonly string[] = []): Promise<ProviderStage> {
  const stage = await startStage(flags)
  const onPath: ProviderStage['onPath'] = (path, answer) =>
    stage.behave((exchange) => {
      if (exchange.path === path) return answer(exchange)
      return exchange.response.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}')
    })
  return {
    ...stage,
    openai: new OpenAI({ apiKey: 'x', baseURL: stage.api, maxRetries: 0 }),
    anthropic: new Anthropic({ apiKey: 'x', baseURL: stage.gateway.url, maxRetries: 0 }),
    onPath,
    answering: (path, ...pieces) =>
      onPath(path, async (exchange) => {
        exchange.stream()
        await exchange.send(...pieces)
        exchange.response.end()
      }),
  }
}

const call = (index: number, id: string, name: string, text: string): string =>
  chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: text } }] })

/** An answer with all that a chat completion may have. */
export const RICH_CHAT: readonly string[] = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ reasoning_content: 'h' }),
  chunk({ reasoning_content: 'm' }),
  chunk({ content: 'Let ' }),
  chunk({ content: 'me see' }),
  call(0, 'call_1', 'f', ''),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
  call(1, 'call_2', 'g', '{}'),
  chunk({}, { finish: 'tool_calls' }),
  USAGE_CHUNK,
  DONE,
]

export async function listOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}
