export { createUiChat, type UiChat, type UiChatBody, type UiChatOptions } from './chat/ui-chat.ts'
