import type { ChatBody } from './chat-body.ts'
import type { Tokenizer } from './tokenizer.ts'

/** What OpenAI's chat format adds: to each message, and before the answer. */
const TOKENS_PER_MESSAGE = 3
const TOKENS_BEFORE_ANSWER = 3

/** How many tokens the prompt of `body` has, by OpenAI's published recipe. */
export function countPromptTokens({ messages, tools }: ChatBody, tokenizer: Tokenizer): number {
  let tokens = TOKENS_BEFORE_ANSWER
  for (const { role, content } of messages) {
    tokens += TOKENS_PER_MESSAGE + tokenizer.count(role) + tokenizer.count(textOf(content))
  }
  return tools?.length ? tokens + tokenizer.count(JSON.stringify(tools)) : tokens
}

/** What a message says, whether it is text or a list of parts. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  const texts = content.map((part: { text?: unknown } | null) => part?.text)
  return texts.filter((text) => typeof text === 'string').join('')
}
