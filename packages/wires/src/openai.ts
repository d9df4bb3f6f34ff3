export {
  type ChatCollector,
  type CollectedChoice,
  type CollectedTool,
  createChatCollector,
} from './openai/encoder/chat-collector.ts'
export type { BackendOptions } from './backend/backend-source.ts'
export type { ChatExtra } from './openai/format/chat-extra.ts'
export type { JsonObject } from './json/json-object.ts'
export type { ChatFacts } from './openai/format/chat-facts.ts'
export { type ChatCompletion, type ChatCompletionChoice, toChatCompletion } from './openai/encoder/chat-json.ts'
export {
  DEFAULT_OPEN_AI_CHAT_LIMITS,
  type OpenAiChatLimits,
  type ResolvedOpenAiChatLimits,
} from './openai/source/chat-limits.ts'
export { openAiChatSource, type OpenAiChatSourceOptions } from './openai/source/chat-source.ts'
export { openAiChat } from './openai/encoder/chat-wire.ts'
export { type OpenAiError, toOpenAiError } from './openai/format/errors.ts'
export { fromOpenAI } from './sdk/from-openai.ts'
export type { SdkAsk, SdkStream } from './sdk/sdk-source.ts'
