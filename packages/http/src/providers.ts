export type { Provider, ProviderAsked } from './resource/provider.ts'
export { messagesProvider } from './resource/messages-provider.ts'
export { responsesProvider } from './resource/responses-provider.ts'
