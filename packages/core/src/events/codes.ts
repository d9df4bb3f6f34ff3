/** What an error code says in the words of two protocols. */
export interface ErrorMeaning {
  /** HTTP status (RFC 9110) that says the same. */
  readonly status: number
  /** Name of the gRPC status code that says the same. */
  readonly grpc: GrpcStatusName
}

/** Names of gRPC's status codes, as its specification spells them. */
export type GrpcStatusName =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'OUT_OF_RANGE'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED'

const CODES = {
  // Setting up.
  SLUICE_ERR_OPTION: { status: 500, grpc: 'INTERNAL' },
  SLUICE_ERR_RUNTIME: { status: 500, grpc: 'INTERNAL' },
  SLUICE_ERR_STORE_LOCKED: { status: 503, grpc: 'UNAVAILABLE' },
  // Who asks, and what for.
  SLUICE_ERR_UNAUTHORIZED: { status: 401, grpc: 'UNAUTHENTICATED' },
  SLUICE_ERR_FORBIDDEN: { status: 403, grpc: 'PERMISSION_DENIED' },
  SLUICE_ERR_REQUEST: { status: 400, grpc: 'INVALID_ARGUMENT' },
  SLUICE_ERR_TOO_LARGE: { status: 413, grpc: 'INVALID_ARGUMENT' },
  // How much may run.
  SLUICE_ERR_TOO_MANY_STREAMS: { status: 429, grpc: 'RESOURCE_EXHAUSTED' },
  SLUICE_ERR_RATE: { status: 429, grpc: 'RESOURCE_EXHAUSTED' },
  SLUICE_ERR_OVERLOADED: { status: 503, grpc: 'UNAVAILABLE' },
  SLUICE_ERR_DRAINING: { status: 503, grpc: 'UNAVAILABLE' },
  SLUICE_ERR_QUEUE_FULL: { status: 503, grpc: 'RESOURCE_EXHAUSTED' },
  // Starting.
  SLUICE_ERR_KEY_RUNNING: { status: 409, grpc: 'ALREADY_EXISTS' },
  SLUICE_ERR_IDEMPOTENCY_MISMATCH: { status: 422, grpc: 'ALREADY_EXISTS' },
  // Finding a stream, and a place in it.
  SLUICE_ERR_NOT_FOUND: { status: 404, grpc: 'NOT_FOUND' },
  SLUICE_ERR_GONE: { status: 410, grpc: 'NOT_FOUND' },
  SLUICE_ERR_CURSOR_MALFORMED: { status: 400, grpc: 'INVALID_ARGUMENT' },
  SLUICE_ERR_CURSOR_TRIMMED: { status: 410, grpc: 'OUT_OF_RANGE' },
  SLUICE_ERR_CURSOR_AHEAD: { status: 409, grpc: 'FAILED_PRECONDITION' },
  SLUICE_ERR_ALREADY_ENDED: { status: 409, grpc: 'FAILED_PRECONDITION' },
  // While a stream runs.
  SLUICE_ERR_SOURCE: { status: 502, grpc: 'INTERNAL' },
  SLUICE_ERR_SOURCE_ITEM: { status: 502, grpc: 'INTERNAL' },
  SLUICE_ERR_BACKEND: { status: 502, grpc: 'INTERNAL' },
  SLUICE_ERR_TIMEOUT: { status: 504, grpc: 'DEADLINE_EXCEEDED' },
  SLUICE_ERR_CANCELLED: { status: 499, grpc: 'CANCELLED' },
  SLUICE_ERR_INTERRUPTED: { status: 502, grpc: 'UNAVAILABLE' },
  SLUICE_ERR_READING_CLOSED: { status: 503, grpc: 'UNAVAILABLE' },
  SLUICE_ERR_STORE: { status: 503, grpc: 'UNAVAILABLE' },
  SLUICE_ERR_PARSE: { status: 502, grpc: 'INTERNAL' },
  // Jobs, batches and webhooks.
  SLUICE_ERR_ATTEMPTS: { status: 502, grpc: 'UNAVAILABLE' },
  SLUICE_ERR_EXPIRED: { status: 410, grpc: 'FAILED_PRECONDITION' },
  SLUICE_ERR_BATCH_INPUT: { status: 400, grpc: 'INVALID_ARGUMENT' },
  SLUICE_ERR_WEBHOOK_URL: { status: 422, grpc: 'INVALID_ARGUMENT' },
  SLUICE_ERR_WEBHOOK: { status: 502, grpc: 'UNAVAILABLE' },
} as const

/** Every error sluice throws has one of these codes. A code never changes within a major version. */
export type SluiceErrorCode = keyof typeof CODES

/** The one table of error codes. What each means, and the way out, is in docs/errors.md. */
export const ERROR_CODES: { readonly [Code in SluiceErrorCode]: ErrorMeaning } = CODES

/** Whether `text` is a code of the table. */
export function isErrorCode(text: string): text is SluiceErrorCode {
  return Object.hasOwn(CODES, text)
}

/** What a `closed` code says to the reader it is sent to. */
export interface ClosedMeaning {
  /** True where the reader may attach again after its cursor: that is sent along. */
  readonly resumable: boolean
  readonly grpc: GrpcStatusName
}

const CLOSED = {
  trimmed: { resumable: false, grpc: 'OUT_OF_RANGE' },
  epoch: { resumable: false, grpc: 'FAILED_PRECONDITION' },
  // What was acknowledged is lost: another attempt does not bring it back.
  storage: { resumable: false, grpc: 'DATA_LOSS' },
  stalled: { resumable: true, grpc: 'RESOURCE_EXHAUSTED' },
  draining: { resumable: true, grpc: 'UNAVAILABLE' },
  rotate: { resumable: true, grpc: 'UNAVAILABLE' },
  unauthorized: { resumable: true, grpc: 'UNAUTHENTICATED' },
  // The server's own code, a policy or an encoder, broke on what comes next.
  failed: { resumable: true, grpc: 'INTERNAL' },
} as const

/** Why one reading is over although the stream may go on. */
export type ClosedCode = keyof typeof CLOSED

/** The one table of `closed` codes. */
export const CLOSED_CODES: { readonly [Code in ClosedCode]: ClosedMeaning } = CLOSED
