import OpenAI, { APIError } from 'openai'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { expect } from 'vitest'
import { chunk, MESSAGES, type Stage, startStage } from './stage.ts'

export const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 }
export const USAGE_CHUNK = `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: USAGE })}\n\n`
export const ROLE = chunk({ role: 'assistant', content: '' })
export const STOP = chunk({}, { finish: 'stop' })

/** A stage, and OpenAI's client before it, which does not ask again. */
export interface ChatStage extends Stage {
  readonly client: OpenAI
  /** The model of a backend that streams these pieces, each in a packet of its own, and ends. */
  answering(...pieces: (string | Uint8Array)[]): string
  /** All that the client is given of a streamed answer. */
  chunksOf(model: string, more?: object): Promise<ChatCompletionChunk[]>
}

export async function startChatStage(): Promise<ChatStage> {
  const stage = await startStage()
  const client = new OpenAI({ apiKey: 'x', baseURL: stage.api, maxRetries: 0 })
  return {
    ...stage,
    client,
    answering(...pieces: (string | Uint8Array)[]): string {
      const { model } = stage.behave(async (exchange) => {
        exchange.stream()
        await exchange.send(...pieces)
        exchange.response.end()
      })
      return model
    },
    async chunksOf(model: string, more: object = {}): Promise<ChatCompletionChunk[]> {
      const stream = await client.chat.completions.create({ model, messages: MESSAGES, stream: true, ...more })
      return listOf(stream)
    },
  }
}

export async function listOf(stream: AsyncIterable<ChatCompletionChunk>): Promise<ChatCompletionChunk[]> {
  const chunks: ChatCompletionChunk[] = []
  for await (const each of stream) chunks.push(each)
  return chunks
}

/** The text of one choice. */
export function contentOf(chunks: readonly ChatCompletionChunk[], index = 0): string {
  const choices = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index)
  return choices.map(({ delta }) => delta.content ?? '').join('')
}

/** How the client says that something failed. */
export async function failureOf(work: Promise<unknown>): Promise<InstanceType<typeof APIError>> {
  const error: unknown = await work.then(
    () => new Error('It did not fail'),
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(APIError)
  return error as InstanceType<typeof APIError>
}
