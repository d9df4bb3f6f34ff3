export {
  type ChatCollector,
  type CollectedChoice,
  type CollectedTool,
  createChatCollector,
} from './openai/chat-collector.ts'
export type { ChatExtra, JsonObject } from './openai/chat-extra.ts'
export type { ChatFacts } from './openai/chat-facts.ts'
export { type ChatCompletion, type ChatCompletionChoice, toChatCompletion } from './openai/chat-json.ts'
export { openAiChatSource, type OpenAiChatSourceOptions } from './openai/chat-source.ts'
export { openAiChat } from './openai/chat-wire.ts'
export { type OpenAiError, toOpenAiError } from './openai/errors.ts'
