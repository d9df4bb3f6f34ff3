import type { Json, Principal } from '@sluice/core'
import { ownedKey, type Wire } from '@sluice/core/extend'

import type { ClientMessage } from '../message/client-message.ts'
import type { Dialect, SocketDialect } from '../message/dialect.ts'
import type { ServerMessage } from '../message/server-message.ts'
import { readChatFrame, type SendFrame } from './chat-frame.ts'
import { chatWire, closedFrame, errorFrame } from './chat-wire.ts'

/** The subprotocol of a client that offers one; the AI SDK's offers none by itself. */
export const CHAT_SUBPROTOCOL = 'ai-sdk.chat'

/** There is nothing to come back to. */
const NONE: ReadonlySet<string> = new Set(['SLUICE_ERR_NOT_FOUND', 'SLUICE_ERR_GONE'])

/** The name of a chat's stream: that of `createUiChat` of `@sluice/http`, so that a chat goes on over either. */
export function keyOfChat(chatId: string, principal: Principal): Promise<string> {
  return ownedKey(principal, 'chat', chatId)
}

/** What the AI SDK's `WebSocketChatTransport` speaks, whose answers are written by `wire`. */
export function chatDialect(wire: Wire): Dialect {
  return { subprotocol: CHAT_SUBPROTOCOL, isPresumed: true, open: () => new ChatSocket(wire) }
}

class ChatSocket implements SocketDialect {
  readonly wireName: string
  readonly #wire: Wire
  /** Requests to go on that are not answered yet; there are no more than a socket may have pending. */
  readonly #resuming: Set<string> = new Set()

  constructor(wire: Wire) {
    this.#wire = wire
    this.wireName = wire.name
  }

  read(...given: Parameters<SocketDialect['read']>): ClientMessage {
    const frame = readChatFrame(...given)
    const { requestId: ref } = frame
    if (frame.type === 'send') return { type: 'start', ref, body: bodyOf(frame) }
    if (frame.type === 'abort') return { type: 'cancel', ref }
    this.#resuming.add(ref)
    return { type: 'attach', ref, key: frame.id }
  }

  keyOf(chatId: string, principal: Principal): Promise<string> {
    return keyOfChat(chatId, principal)
  }

  write(message: ServerMessage): string {
    switch (message.type) {
      case 'refused':
        return this.#refused(message)
      case 'closed':
        return closedFrame(message.ref, message.code)
      case 'end':
        return JSON.stringify({ type: 'end', requestId: message.ref })
      default:
        // What else there is to say of a request has no word here: what matters is in the answer's own parts.
        return ''
    }
  }

  wireOf(requestId: string, onOpened: () => void): Wire {
    const isResumed = this.#resuming.has(requestId)
    return chatWire(this.#wire, {
      requestId,
      isResumed,
      onOpened: () => {
        this.#resuming.delete(requestId)
        onOpened()
      },
    })
  }

  #refused({ ref, code, message }: Extract<ServerMessage, { type: 'refused' }>): string {
    if (ref === undefined) return ''
    const isNone = this.#resuming.delete(ref) && NONE.has(code)
    return isNone ? JSON.stringify({ type: 'no-active', requestId: ref }) : errorFrame(ref, message)
  }
}

/** As `useChat` posts it over HTTP, and what travels beside it. */
function bodyOf(frame: SendFrame): { readonly [name: string]: Json | undefined } {
  const { body, id, messages, trigger, messageId, headers, metadata } = frame
  return { ...body, id, messages, trigger, messageId, headers, metadata }
}
