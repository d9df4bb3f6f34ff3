import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { EndEvent, Json, StreamEvent, Usage } from '@sluice/core'
import { type Closed, type Entry, type Opened, formatCursor } from '@sluice/core/extend'

import { type End, EndSchema, type Event, EventSchema, type UsageSchema } from '../gen/sluice/v1/token_stream_pb.ts'
import { toStruct, toValue } from './json-value.ts'

type EventInit = NonNullable<MessageInitShape<typeof EventSchema>['event']>

/** A logged event as a message. What the store does not have yet is shown without a cursor. */
export function toEventMessage(streamId: string, { event, epoch, seq, withheld }: Entry): Event {
  return create(EventSchema, {
    cursor: withheld ? '' : formatCursor(streamId, epoch, seq),
    choice: 'choice' in event ? (event.choice ?? 0) : 0,
    extra: 'extra' in event ? toValue(event.extra) : undefined,
    as: event.type === 'reasoning' ? (event.as ?? '') : '',
    event: toKind(event),
  })
}

/** A notice to one reader as a message. */
export function toNoticeMessage(notice: Opened | Closed): Event {
  if (notice.type === 'closed') {
    const { code, cursor = '' } = notice
    return create(EventSchema, { event: { case: 'closed', value: { code, cursor } } })
  }
  const { id, cursor, meta } = notice
  return create(EventSchema, { event: { case: 'opened', value: { id, cursor, meta: toStruct(meta) } } })
}

/** The end of a stream as a message. */
export function toEndMessage({ reason, complete, cause, usage, error }: EndEvent): End {
  return create(EndSchema, {
    reason,
    complete,
    cause: cause ?? '',
    usage: usage && toUsage(usage),
    error: error && {
      code: error.code,
      message: error.message,
      retryable: error.retryable ?? false,
      status: toUint32(error.status),
      retryAfterMs: toUint32(error.retryAfterMs),
      extra: toValue(error.extra),
    },
  })
}

function toKind(event: StreamEvent): EventInit {
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return { case: event.type, value: event.text }
    case 'tool':
      return toToolKind(event)
    case 'data':
      return { case: 'data', value: { name: event.name, data: toValue(event.data as Json | undefined) } }
    case 'usage':
      return { case: 'usage', value: toUsage(event.usage) }
    case 'finish':
      return { case: 'finish', value: { reason: event.reason } }
    case 'end':
      return { case: 'end', value: toEndMessage(event) }
    default:
      event satisfies never
      return { case: undefined }
  }
}

function toToolKind(event: StreamEvent & { type: 'tool' }): EventInit {
  const { id } = event
  switch (event.phase) {
    case 'call':
      return { case: 'toolCall', value: { id, name: event.name } }
    case 'args':
      return { case: 'toolArgs', value: { id, text: event.text } }
    case 'result':
      return { case: 'toolResult', value: { id, result: toValue(event.result) } }
    case 'error':
      return { case: 'toolError', value: { id, message: event.message } }
    default:
      event satisfies never
      return { case: undefined }
  }
}

function toUsage(usage: Usage): MessageInitShape<typeof UsageSchema> {
  const { inputTokens, outputTokens, totalTokens, estimated = false, extra } = usage
  return {
    inputTokens: toUint64(inputTokens),
    outputTokens: toUint64(outputTokens),
    totalTokens: toUint64(totalTokens),
    estimated,
    extra: toValue(extra),
  }
}

/** What providers count is not always a count. */
function toUint64(value: number | undefined): bigint | undefined {
  return value !== undefined && Number.isSafeInteger(Math.round(value)) && value >= 0
    ? BigInt(Math.round(value))
    : undefined
}

function toUint32(value: number | undefined): number {
  return value !== undefined && value >= 0 && value <= 0xff_ff_ff_ff ? Math.round(value) : 0
}
