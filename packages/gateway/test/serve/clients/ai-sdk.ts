import { createOpenAI } from '@ai-sdk/openai'
import { isStepCount, jsonSchema, streamText, tool, type ToolSet } from 'ai'

import { ANY_OBJECT, type Answer, type OfficialClient, type Question, RESULT, TOOLS } from './official-client.ts'

function toolsThat(execute?: () => string): ToolSet {
  const inputSchema = jsonSchema<object>(ANY_OBJECT)
  const one = execute ? tool({ inputSchema, execute }) : tool({ inputSchema })
  return Object.fromEntries(TOOLS.map((name) => [name, one]))
}

function stream({ origin, model, signal }: Question, tools: ToolSet) {
  const provider = createOpenAI({ baseURL: `${origin}/v1`, apiKey: 'x' })
  return streamText({
    model: provider(model),
    prompt: 'hi',
    tools,
    stopWhen: isStepCount(2),
    maxRetries: 0,
    // It is in the stream as well; the default writes it to the console.
    onError: () => {},
    ...(signal && { abortSignal: signal }),
  })
}

/** What was said in the last step, and what was called. */
async function read(question: Question, tools: ToolSet): Promise<Answer> {
  const result = stream(question, tools)
  let text = ''
  const calls: Answer['calls'][number][] = []
  for await (const part of result.fullStream) {
    if (part.type === 'error') throw part.error
    if (part.type === 'abort') throw new Error('aborted')
    if (part.type === 'start-step') text = ''
    if (part.type === 'tool-call') calls.push({ id: part.toolCallId, name: part.toolName, input: part.input })
    if (part.type !== 'text-delta') continue
    text += part.text
    question.onText?.()
  }
  const { inputTokens: input, outputTokens: output } = await result.usage
  return { text, calls, usage: { input, output } }
}

/** `@ai-sdk/openai` as it is by default: on Responses, whose items it names in the next step instead of repeating them. */
export const aiSdk: OfficialClient = {
  name: '@ai-sdk/openai',
  ask: (question) => read(question, toolsThat()),
  converse: async (question) =>
    (
      await read(
        question,
        toolsThat(() => RESULT),
      )
    ).text,
}
