import { ChatAnthropic } from '@langchain/anthropic'
import { type AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'

import { ANY_OBJECT, type OfficialClient, type Question, RESULT, TOOLS } from './official-client.ts'

const HI = [new HumanMessage('hi')]
const openAiTools = TOOLS.map((name) => ({
  type: 'function' as const,
  function: { name, description: name, parameters: ANY_OBJECT },
}))
const anthropicTools = TOOLS.map((name) => ({ name, description: name, input_schema: ANY_OBJECT }))

/** A model of LangChain with its tools bound. */
interface Bound {
  stream(messages: BaseMessage[], options: { signal?: AbortSignal }): Promise<AsyncIterable<AIMessageChunk>>
}

function client(name: string, bind: (question: Question) => Bound, more: Partial<OfficialClient> = {}): OfficialClient {
  async function read(question: Question, messages: BaseMessage[]): Promise<AIMessageChunk> {
    const { signal, onText } = question
    let whole: AIMessageChunk | undefined
    for await (const chunk of await bind(question).stream(messages, signal ? { signal } : {})) {
      whole = whole ? whole.concat(chunk) : chunk
      if (chunk.text !== '') onText?.()
    }
    signal?.throwIfAborted()
    return whole!
  }

  return {
    name,
    async ask(question) {
      const { text, tool_calls: calls = [], usage_metadata: usage } = await read(question, HI)
      return {
        text,
        calls: calls.map(({ id, name: called, args }) => ({ id: id!, name: called, input: args })),
        usage: { input: usage?.input_tokens, output: usage?.output_tokens },
      }
    },
    async converse(question) {
      const asked = await read(question, HI)
      const results = asked.tool_calls!.map(({ id }) => new ToolMessage({ content: RESULT, tool_call_id: id! }))
      return (await read(question, [...HI, asked, ...results])).text
    },
    ...more,
  }
}

function openAi({ origin, model }: Question, useResponsesApi: boolean): Bound {
  const options = { model, apiKey: 'x', maxRetries: 0, useResponsesApi, configuration: { baseURL: `${origin}/v1` } }
  return new ChatOpenAI(options).bindTools(openAiTools)
}

export const langChainOpenAi = client('@langchain/openai', (question) => openAi(question, false))

export const langChainResponses = client('@langchain/openai on Responses', (question) => openAi(question, true), {
  deafToFailures: true,
})

export const langChainAnthropic = client(
  '@langchain/anthropic',
  ({ origin, model }) => {
    const options = { model, apiKey: 'x', maxRetries: 0, anthropicApiUrl: origin, maxTokens: 100 }
    return new ChatAnthropic(options).bindTools(anthropicTools)
  },
  { missesLateInput: true },
)
