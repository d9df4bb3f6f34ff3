/** What the suite has refused. */
export type RefusalCode =
  | 'SLUICE_ERR_CURSOR_MALFORMED'
  | 'SLUICE_ERR_CURSOR_AHEAD'
  | 'SLUICE_ERR_CURSOR_TRIMMED'
  | 'SLUICE_ERR_NOT_FOUND'
  | 'SLUICE_ERR_GONE'
  | 'SLUICE_ERR_DRAINING'
  | 'SLUICE_ERR_UNAUTHORIZED'

/** A request that was not carried out, as its client was told. Drivers reject with it. */
export class TransportRefusal extends Error {
  /** The stable code: `SLUICE_ERR_…`. */
  readonly code: string
  /** The transport's own word for it: an HTTP status, the name of a gRPC status, a type of message. */
  readonly status: number | string
  /** The message, as a person would read it. */
  readonly text: string

  constructor({ code, status, text }: { code: string; status: number | string; text: string }) {
    super(`refused with ${status} (${code}): ${text}`)
    this.name = 'TransportRefusal'
    this.code = code
    this.status = status
    this.text = text
  }
}

/** Statuses of refusals over HTTP. */
export const HTTP_REFUSALS: Readonly<Record<RefusalCode, number>> = {
  SLUICE_ERR_CURSOR_MALFORMED: 400,
  SLUICE_ERR_CURSOR_AHEAD: 409,
  SLUICE_ERR_CURSOR_TRIMMED: 410,
  SLUICE_ERR_NOT_FOUND: 404,
  SLUICE_ERR_GONE: 410,
  SLUICE_ERR_DRAINING: 503,
  SLUICE_ERR_UNAUTHORIZED: 401,
}

/** Statuses of refusals over gRPC, gRPC-Web and Connect. */
export const GRPC_REFUSALS: Readonly<Record<RefusalCode, string>> = {
  SLUICE_ERR_CURSOR_MALFORMED: 'INVALID_ARGUMENT',
  SLUICE_ERR_CURSOR_AHEAD: 'FAILED_PRECONDITION',
  SLUICE_ERR_CURSOR_TRIMMED: 'OUT_OF_RANGE',
  SLUICE_ERR_NOT_FOUND: 'NOT_FOUND',
  SLUICE_ERR_GONE: 'NOT_FOUND',
  SLUICE_ERR_DRAINING: 'UNAVAILABLE',
  SLUICE_ERR_UNAUTHORIZED: 'UNAUTHENTICATED',
}

/** Refusals over WebSocket: a message, or where there is no socket yet, the HTTP status of the upgrade. */
export const WEBSOCKET_REFUSALS: Readonly<Record<RefusalCode, number | string>> = {
  SLUICE_ERR_CURSOR_MALFORMED: 'refused',
  SLUICE_ERR_CURSOR_AHEAD: 'refused',
  SLUICE_ERR_CURSOR_TRIMMED: 'refused',
  SLUICE_ERR_NOT_FOUND: 'refused',
  SLUICE_ERR_GONE: 'refused',
  SLUICE_ERR_DRAINING: 503,
  SLUICE_ERR_UNAUTHORIZED: 401,
}
