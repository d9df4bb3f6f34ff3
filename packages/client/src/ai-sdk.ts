export { SluiceChatTransport, type SluiceChatTransportOptions } from './chat/chat-transport.ts'
