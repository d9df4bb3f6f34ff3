import { create, type DescMessage, type Message } from '@bufbuild/protobuf'
import { durationFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError } from '@connectrpc/connect'
import {
  type ClosedCode,
  errorOfEnd,
  type EndEvent,
  isSluiceError,
  STATUS_OF_CODE,
  type SluiceErrorCode,
} from '@sluice/core'

import type { ReadingEnd } from './event-encoder.ts'
import { ErrorInfoSchema, RetryInfoSchema } from '../gen/google/rpc/error_details_pb.ts'

/** What a call that is over says of how it went. `code` 0 is success. */
export interface CallStatus {
  code: Code | 0
  message: string
  /** The sluice error code behind it. */
  reason?: string | undefined
  retryAfterMs?: number | undefined
  /** Where to attach again. */
  cursor?: string | undefined
}

/** The status code of gRPC that says what an error code says. */
export const GRPC_CODE_OF: Readonly<Record<SluiceErrorCode, Code>> = {
  SLUICE_ERR_OPTION: Code.Internal,
  SLUICE_ERR_SOURCE: Code.Internal,
  SLUICE_ERR_SOURCE_ITEM: Code.Internal,
  SLUICE_ERR_BACKEND: Code.Internal,
  SLUICE_ERR_TIMEOUT: Code.DeadlineExceeded,
  SLUICE_ERR_NOT_FOUND: Code.NotFound,
  SLUICE_ERR_GONE: Code.NotFound,
  SLUICE_ERR_CURSOR_MALFORMED: Code.InvalidArgument,
  SLUICE_ERR_CURSOR_TRIMMED: Code.OutOfRange,
  SLUICE_ERR_CURSOR_AHEAD: Code.FailedPrecondition,
  SLUICE_ERR_KEY_RUNNING: Code.AlreadyExists,
  SLUICE_ERR_IDEMPOTENCY_MISMATCH: Code.AlreadyExists,
  SLUICE_ERR_TOO_MANY_STREAMS: Code.ResourceExhausted,
  SLUICE_ERR_RATE: Code.ResourceExhausted,
  SLUICE_ERR_OVERLOADED: Code.Unavailable,
  SLUICE_ERR_DRAINING: Code.Unavailable,
  SLUICE_ERR_UNAUTHORIZED: Code.Unauthenticated,
  SLUICE_ERR_REQUEST: Code.InvalidArgument,
  SLUICE_ERR_TOO_LARGE: Code.InvalidArgument,
  SLUICE_ERR_CANCELLED: Code.Canceled,
  SLUICE_ERR_INTERRUPTED: Code.Unavailable,
  SLUICE_ERR_READING_CLOSED: Code.Unavailable,
  SLUICE_ERR_ALREADY_ENDED: Code.FailedPrecondition,
  SLUICE_ERR_PARSE: Code.Internal,
  SLUICE_ERR_STORE: Code.Unavailable,
}

/** The status code of a reading that was closed although its stream may go on. */
export const GRPC_CODE_OF_CLOSED: Readonly<Record<ClosedCode, Code>> = {
  trimmed: Code.OutOfRange,
  epoch: Code.FailedPrecondition,
  // What was acknowledged is lost: trying again does not bring it back.
  storage: Code.DataLoss,
  stalled: Code.ResourceExhausted,
  draining: Code.Unavailable,
  rotate: Code.Unavailable,
  unauthorized: Code.Unauthenticated,
}

const HTTP_CODES: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  408: Code.DeadlineExceeded,
  409: Code.Aborted,
  410: Code.NotFound,
  413: Code.InvalidArgument,
  416: Code.OutOfRange,
  422: Code.InvalidArgument,
  429: Code.ResourceExhausted,
  499: Code.Canceled,
  501: Code.Unimplemented,
  503: Code.Unavailable,
  504: Code.DeadlineExceeded,
}

const INTERNAL: CallStatus = {
  code: Code.Internal,
  message: 'Something went wrong on the server.',
  reason: 'SLUICE_ERR_INTERNAL',
}

/** Whether what is told of `error` hides what it was, so that somebody on this side should hear of it. */
export function isMasked(error: unknown): boolean {
  return !(error instanceof ConnectError) && (!isSluiceError(error) || error.code === 'SLUICE_ERR_OPTION')
}

/** How a call went that an error ended. What was not written for strangers is not told them. */
export function statusOfError(error: unknown): CallStatus {
  if (error instanceof ConnectError) return { code: error.code, message: error.rawMessage }
  // Options are the server's: none of the client's business.
  if (!isSluiceError(error) || error.code === 'SLUICE_ERR_OPTION') return INTERNAL
  const { code: reason, message, status, retryAfterMs } = error
  const own = status === STATUS_OF_CODE[reason] ? GRPC_CODE_OF[reason] : undefined
  return { code: own ?? HTTP_CODES[status] ?? GRPC_CODE_OF[reason], message, reason, retryAfterMs }
}

/** How a call went whose reading ended so: OK is for complete streams alone. */
export function statusOfReading(over: ReadingEnd | undefined): CallStatus {
  if (over?.type === 'end') return statusOfEnd(over)
  if (over) {
    const { code, cursor } = over
    return {
      code: GRPC_CODE_OF_CLOSED[code],
      message: `This reading is over (${code}), the stream perhaps not.`,
      reason: 'SLUICE_ERR_READING_CLOSED',
      cursor,
    }
  }
  return {
    code: Code.Unavailable,
    message: 'The reading was cut; attach again after the last cursor.',
    reason: 'SLUICE_ERR_INTERRUPTED',
  }
}

function statusOfEnd(end: EndEvent): CallStatus {
  if (end.complete) return { code: 0, message: '' }
  if (end.cause === 'deadline') return { ...statusOfError(errorOfEnd(end)), code: Code.DeadlineExceeded }
  const status = statusOfError(errorOfEnd(end))
  return end.error ? { ...status, reason: end.error.code } : status
}

/** What of a status clients find in its details: the reason, and when to try again. */
export function detailsOf({ reason, retryAfterMs, cursor }: CallStatus): { desc: DescMessage; value: Message }[] {
  const details: { desc: DescMessage; value: Message }[] = []
  if (reason !== undefined) {
    const metadata: Record<string, string> = cursor === undefined ? {} : { cursor }
    details.push({ desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, domain: 'sluice', metadata }) })
  }
  if (retryAfterMs !== undefined) {
    const retryDelay = durationFromMs(Math.max(0, Math.round(retryAfterMs)))
    details.push({ desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay }) })
  }
  return details
}

/** `status` as what an RPC throws. */
export function toConnectError(status: CallStatus): ConnectError {
  const { code, message, reason, cursor } = status
  const error = new ConnectError(message, code === 0 ? Code.Unknown : code)
  for (const { desc, value } of detailsOf(status)) error.details.push({ desc, value })
  if (reason !== undefined) error.metadata.set('sluice-code', reason)
  if (cursor !== undefined) error.metadata.set('sluice-cursor', cursor)
  return error
}
