export { UiParts } from './ai-sdk/encoder/ui-parts.ts'
export { UI_MESSAGE_STREAM_HEADERS, uiMessageStream } from './ai-sdk/encoder/ui-message-wire.ts'
export { type AiSdkResult, type AiSdkRun, type AiSdkStream, fromAiSdk } from './ai-sdk/source/ai-sdk-source.ts'
