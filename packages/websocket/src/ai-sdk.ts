export { createUiChatHandler, type UiChatHandlerOptions, type UiChatMessage } from './ui-chat-handler.ts'
export { CHAT_SUBPROTOCOL } from './chat/chat-dialect.ts'
