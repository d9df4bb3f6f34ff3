import { toJson } from '@bufbuild/protobuf'
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt'
import type { NativeEvent } from '@sluice/conformance'
import type { ClosedCode, EndCause, EndEvent, EndReason, FinishReason, Json, Usage } from '@sluice/core'
import type { End, Event, Usage as UsageMessage } from '@sluice/grpc/v1'

type EventOf<Case extends Event['event']['case']> = Extract<Event['event'], { case: Case }>

/** Names of gRPC's status codes, by number. */
export const STATUS_NAMES: readonly string[] =
  `OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED
  FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED`.split(/\s+/)

/** A message of the service as the event that it stands for; nothing for a heartbeat. */
export function toNativeEvent({ event, cursor, choice }: Event): NativeEvent | undefined {
  if (event.case === 'heartbeat' || event.case === undefined) return undefined
  const where = { ...(cursor !== '' && { cursor }), ...(choice !== 0 && { choice }) }
  return { ...toEvent(event), ...where } as NativeEvent
}

function toEvent(event: Exclude<Event['event'], EventOf<'heartbeat'> | EventOf<undefined>>): NativeEvent {
  switch (event.case) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return { type: event.case, text: event.value }
    case 'toolCall':
      return { type: 'tool', phase: 'call', id: event.value.id, name: event.value.name }
    case 'toolArgs':
      return { type: 'tool', phase: 'args', id: event.value.id, text: event.value.text }
    case 'toolResult':
      return { type: 'tool', phase: 'result', id: event.value.id, result: jsonOf(event.value.result) ?? null }
    case 'toolError':
      return { type: 'tool', phase: 'error', id: event.value.id, message: event.value.message }
    case 'data':
      return { type: 'data', name: event.value.name, data: jsonOf(event.value.data) ?? null }
    case 'usage':
      return { type: 'usage', usage: toUsage(event.value) }
    case 'finish':
      return { type: 'finish', reason: event.value.reason as FinishReason }
    case 'end':
      return toEnd(event.value)
    case 'opened':
      return { type: 'opened', id: event.value.id, cursor: event.value.cursor, meta: (event.value.meta ?? {}) as {} }
    case 'closed':
      return { type: 'closed', code: event.value.code as ClosedCode, cursor: event.value.cursor || undefined }
  }
}

/** What a stream ended with. */
export function toEnd({ reason, complete, cause, usage, error }: End): EndEvent {
  return {
    type: 'end',
    reason: reason as EndReason,
    complete,
    ...(cause !== '' && { cause: cause as EndCause }),
    ...(usage && { usage: toUsage(usage) }),
    ...(error && { error: { code: error.code, message: error.message, status: error.status } }),
  }
}

function toUsage({ inputTokens, outputTokens, totalTokens, estimated }: UsageMessage): Usage {
  return {
    ...(inputTokens !== undefined && { inputTokens: Number(inputTokens) }),
    ...(outputTokens !== undefined && { outputTokens: Number(outputTokens) }),
    ...(totalTokens !== undefined && { totalTokens: Number(totalTokens) }),
    ...(estimated && { estimated }),
  }
}

function jsonOf(value: Value | undefined): Json | undefined {
  return value && (toJson(ValueSchema, value) as Json)
}
