import { describeError } from '../log/describe-error.ts'

/** Why the backend did not answer, in a word for the log. */
export type FailureReason =
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'proxy'
  | 'reset'
  | 'protocol'
  | 'upgrade'
  | 'redirect'
  | 'encoding'
  | 'silence'
  | 'unknown'

/** The backend did not answer, or not in a way that can be read. */
export class BackendFailure extends Error {
  readonly reason: FailureReason
  /** What a client is told. */
  readonly told: string

  constructor(reason: FailureReason, message: string, options: { told?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'BackendFailure'
    this.reason = reason
    this.told = options.told ?? 'The backend could not be reached.'
  }

  /** HTTP status that says the same. */
  get status(): 502 | 504 {
    return this.reason === 'timeout' || this.reason === 'silence' ? 504 : 502
  }

  /** Whether there was no connection: the next request will fare alike. */
  get isOutage(): boolean {
    return OUTAGES.has(this.reason)
  }
}

const OUTAGES: ReadonlySet<FailureReason> = new Set(['dns', 'refused', 'unreachable', 'timeout', 'tls', 'proxy'])

const REASONS: readonly (readonly [RegExp, FailureReason])[] = [
  [/^ERR_PROXY/, 'proxy'],
  [/^(?:ENOTFOUND|ENODATA|EAI_)/, 'dns'],
  [/^ECONNREFUSED$/, 'refused'],
  [/^(?:EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EACCES|EMFILE|ENFILE)$/, 'unreachable'],
  [/^(?:ETIMEDOUT|ERR_SOCKET_CONNECTION_TIMEOUT)$/, 'timeout'],
  [/^(?:ERR_TLS|ERR_SSL|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/, 'tls'],
  [/^(?:ECONNRESET|ECONNABORTED|EPIPE)$/, 'reset'],
  [/^HPE_/, 'protocol'],
  [/^(?:Z_|ZSTD_|ERR_BROTLI|ERR_ZSTD|ERR__)/, 'encoding'],
]

/** `error` as a failure of the backend, with its reason. */
export function toBackendFailure(error: unknown): BackendFailure {
  if (error instanceof BackendFailure) return error
  const code = codesOf(error)[0] ?? ''
  const reason = REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? 'unknown'
  return new BackendFailure(reason, describeError(error), { cause: error })
}

/** The failure behind an error, if there is one. */
export function failureBehind(error: unknown): BackendFailure | undefined {
  for (let next = error; next instanceof Error; next = next.cause) if (next instanceof BackendFailure) return next
  return undefined
}

/** Codes of an error, of those of its attempts, and of its causes. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const { code, cause } = error as NodeJS.ErrnoException
  const tried = error instanceof AggregateError ? (error.errors as readonly unknown[]).flatMap(codesOf) : []
  return [...(typeof code === 'string' ? [code] : []), ...tried, ...codesOf(cause)]
}
