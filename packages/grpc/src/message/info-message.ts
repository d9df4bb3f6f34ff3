import { create } from '@bufbuild/protobuf'
import type { StreamInfo as CoreInfo } from '@sluice/core'

import { toEndMessage } from './event-message.ts'
import { type StreamInfo, StreamInfo_Status, StreamInfoSchema } from '../gen/sluice/v1/token_stream_pb.ts'

const STATUSES: Readonly<Record<CoreInfo['status'], StreamInfo_Status>> = {
  waiting: StreamInfo_Status.WAITING,
  running: StreamInfo_Status.RUNNING,
  ended: StreamInfo_Status.ENDED,
}

/** What is known of a stream, as a message. */
export function toInfoMessage({ id, key = '', status, cursor, end, timing }: CoreInfo): StreamInfo {
  return create(StreamInfoSchema, {
    id,
    key,
    status: STATUSES[status],
    cursor,
    end: end && toEndMessage(end),
    createdAtMs: BigInt(Math.round(timing.createdAtMs)),
  })
}
