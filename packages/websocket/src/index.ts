export { createWebSocketHandler, type DrainOptions, type WebSocketHandler } from './handler.ts'
export {
  DEFAULT_WEBSOCKET_OPTIONS,
  type IdentifySocket,
  type ResolvedWebSocketLimits,
  type Run,
  type RunContext,
  type RunSource,
  type ShownCredentials,
  type WebSocketHandlerOptions,
  type WebSocketLimits,
} from './handshake/options.ts'
export {
  createTickets,
  DEFAULT_TICKET_OPTIONS,
  type Ticket,
  type TicketOptions,
  type Tickets,
} from './handshake/tickets.ts'
export {
  ackMessage,
  attachMessage,
  authenticateMessage,
  cancelMessage,
  clientMessage,
  type ClientMessage,
  type ClientMessageOf,
  detachMessage,
  parseClientMessage,
  pingMessage,
  sendMessage,
  startMessage,
} from './message/client-message.ts'
export type {
  AnswerMessage,
  ClosedMessage,
  EventMessage,
  GoawayMessage,
  OfReading,
  OpenedMessage,
  RefusedMessage,
  ServerMessage,
} from './message/server-message.ts'
export { nativeWs, NATIVE_WS_NAME } from './message/native-ws-wire.ts'
export { SUBPROTOCOL } from './message/dialect.ts'
