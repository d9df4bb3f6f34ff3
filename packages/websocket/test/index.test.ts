import * as websocket from '@sluice/websocket'
import * as aiSdk from '@sluice/websocket/ai-sdk'
import { expect, test } from 'vitest'

test('exports what it says, and no more', () => {
  expect(Object.keys(websocket).sort()).toMatchInlineSnapshot(`
    [
      "DEFAULT_TICKET_OPTIONS",
      "DEFAULT_WEBSOCKET_OPTIONS",
      "NATIVE_WS_NAME",
      "SUBPROTOCOL",
      "ackMessage",
      "attachMessage",
      "authenticateMessage",
      "cancelMessage",
      "clientMessage",
      "createTickets",
      "createWebSocketHandler",
      "detachMessage",
      "nativeWs",
      "parseClientMessage",
      "pingMessage",
      "sendMessage",
      "startMessage",
    ]
  `)
})

test('exports for the AI SDK what it says, and no more', () => {
  expect(Object.keys(aiSdk).sort()).toEqual(['CHAT_SUBPROTOCOL', 'createUiChatHandler'])
})
