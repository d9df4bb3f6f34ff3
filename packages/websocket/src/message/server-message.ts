import type { ClosedCode, EndEvent, Json, StreamEvent } from '@sluice/core'
import { isSluiceError } from '@sluice/core'

/** What every message about a reading carries. */
export interface OfReading {
  stream: string
  /** The `ref` of the `start` or `attach` that began the reading. */
  ref: string
}

/** First message of a reading. */
export interface OpenedMessage extends OfReading {
  type: 'opened'
  cursor: string
  meta: { readonly [name: string]: Json | undefined }
}

/** An event of the stream (`text`, `tool`, … and the one `end`), and the cursor after it. */
export type EventMessage = OfReading & StreamEvent & { cursor?: string | undefined }

/** This reading is over, the stream perhaps not. */
export interface ClosedMessage extends OfReading {
  type: 'closed'
  code: ClosedCode
  cursor?: string | undefined
}

/** A request was not carried out. */
export interface RefusedMessage {
  type: 'refused'
  ref?: string | undefined
  stream?: string | undefined
  code: string
  message: string
  retryAfterMs?: number | undefined
}

/** Answers that are no events. */
export type AnswerMessage =
  | { type: 'cancelled'; ref?: string | undefined; stream: string; cursor: string; end?: EndEvent | undefined }
  | { type: 'detached'; ref?: string | undefined; stream?: string | undefined; cursor?: string | undefined }
  | { type: 'acked'; ref?: string | undefined; stream: string; readers: number }
  | { type: 'sent'; ref?: string | undefined; stream: string }
  | { type: 'authenticated'; ref?: string | undefined; expiresAtMs?: number | undefined }
  | { type: 'pong'; ref?: string | undefined }

/** The server goes away: where each reading is, for whoever reads on elsewhere. */
export interface GoawayMessage {
  type: 'goaway'
  streams: { stream: string; ref: string; cursor: string }[]
}

/** Everything a server may say. */
export type ServerMessage =
  | OpenedMessage
  | EventMessage
  | ClosedMessage
  | RefusedMessage
  | AnswerMessage
  | GoawayMessage

/** What clients are told of an error: text that was written for them, and of the rest nothing. */
export function refusalOf(error: unknown, ref: string | undefined, stream?: string): RefusedMessage {
  // An option that is wrong is the server's, and none of the client's business.
  if (!isSluiceError(error) || error.code === 'SLUICE_ERR_OPTION') {
    return { type: 'refused', ref, stream, code: 'SLUICE_ERR_INTERNAL', message: 'Something went wrong on the server.' }
  }
  const { code, message, retryAfterMs } = error
  return { type: 'refused', ref, stream, code, message, retryAfterMs }
}

/** Whether what is told of `error` hides what it was. */
export function isMasked(error: unknown): boolean {
  return !isSluiceError(error) || error.code === 'SLUICE_ERR_OPTION'
}
