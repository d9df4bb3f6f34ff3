import { create, toBinary } from '@bufbuild/protobuf'

import { SessionResponseSchema, type StreamInfo } from '../gen/sluice/v1/token_stream_pb.ts'
import type { CallStatus } from './status.ts'

/** What a session says of a reading besides its events. */
export interface SessionNews {
  over?: CallStatus | undefined
  refused?: CallStatus | undefined
  cancelled?: StreamInfo | undefined
}

/** A response of a session, or the fields of one that follow its events. */
export function sessionMessage(stream: number, { over, refused, cancelled }: SessionNews = {}): Uint8Array {
  return toBinary(
    SessionResponseSchema,
    create(SessionResponseSchema, {
      stream,
      over: over && toStatus(over),
      refused: refused && toStatus(refused),
      cancelled,
    }),
  )
}

function toStatus({ code, message, reason = '', retryAfterMs = 0, cursor = '' }: CallStatus) {
  return { code, message, reason, retryAfterMs: Math.round(retryAfterMs), cursor }
}
