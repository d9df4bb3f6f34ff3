import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents'
import OpenAI from 'openai'

import { ANY_OBJECT, type Answer, type OfficialClient, type Question, RESULT, TOOLS } from './official-client.ts'

/** `@openai/agents` on Responses, which is its default, or on chat completions. */
export function openAiAgents(useResponses: boolean): OfficialClient {
  async function run({ origin, model, signal, onText }: Question, toolUseBehavior: Behaviour) {
    const openAIClient = new OpenAI({ apiKey: 'x', baseURL: `${origin}/v1`, maxRetries: 0 })
    const runner = new Runner({
      modelProvider: new OpenAIProvider({ openAIClient, useResponses }),
      tracingDisabled: true,
    })
    const tools = TOOLS.map((name) =>
      tool({ name, description: name, parameters: ANY_OBJECT, strict: false, execute: () => RESULT }),
    )
    const agent = new Agent({ name: 'asker', model, tools, toolUseBehavior })
    const result = await runner.run(agent, 'hi', { stream: true, ...(signal && { signal }) })
    for await (const event of result) {
      if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta') onText?.()
    }
    await result.completed
    if (result.error) throw result.error
    // A run that was aborted ends without an error: it says so by this.
    if (result.cancelled) throw new Error('aborted')
    return result
  }

  return {
    name: `@openai/agents on ${useResponses ? 'Responses' : 'chat completions'}`,
    async ask(question) {
      const result = await run(question, 'stop_on_first_tool')
      const [response] = result.rawResponses
      const calls: Answer['calls'][number][] = []
      let text = ''
      for (const item of response!.output) {
        if (item.type === 'function_call')
          calls.push({ id: item.callId, name: item.name, input: JSON.parse(item.arguments) as unknown })
        if (item.type === 'message' && item.role === 'assistant')
          text += item.content.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
      }
      const { inputTokens: input, outputTokens: output } = response!.usage
      return { text, calls, usage: { input, output } }
    },
    converse: async (question) => (await run(question, 'run_llm_again')).finalOutput ?? '',
  }
}

type Behaviour = 'stop_on_first_tool' | 'run_llm_again'
