import { create, type DescMessage, type Message } from '@bufbuild/protobuf'
import { durationFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError } from '@connectrpc/connect'
import { type EndEvent, ERROR_CODES, isSluiceError } from '@sluice/core'
import { CLOSED_CODES, errorOfEnd, type GrpcStatusName } from '@sluice/core/extend'

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

/** The status code of gRPC with this name. */
const GRPC_CODES: Readonly<Record<GrpcStatusName, Code>> = {
  CANCELLED: Code.Canceled,
  INVALID_ARGUMENT: Code.InvalidArgument,
  DEADLINE_EXCEEDED: Code.DeadlineExceeded,
  NOT_FOUND: Code.NotFound,
  ALREADY_EXISTS: Code.AlreadyExists,
  PERMISSION_DENIED: Code.PermissionDenied,
  RESOURCE_EXHAUSTED: Code.ResourceExhausted,
  FAILED_PRECONDITION: Code.FailedPrecondition,
  OUT_OF_RANGE: Code.OutOfRange,
  INTERNAL: Code.Internal,
  UNAVAILABLE: Code.Unavailable,
  DATA_LOSS: Code.DataLoss,
  UNAUTHENTICATED: Code.Unauthenticated,
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
  const other = status === ERROR_CODES[reason].status ? undefined : HTTP_CODES[status]
  return { code: other ?? GRPC_CODES[ERROR_CODES[reason].grpc], message, reason, retryAfterMs }
}

/** How a call went whose reading ended so: OK is for complete streams alone. */
export function statusOfReading(over: ReadingEnd | undefined): CallStatus {
  if (over?.type === 'end') return statusOfEnd(over)
  if (over) {
    const { code, cursor } = over
    return {
      code: GRPC_CODES[CLOSED_CODES[code].grpc],
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
