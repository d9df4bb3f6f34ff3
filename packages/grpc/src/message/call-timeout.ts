import { Code, ConnectError } from '@connectrpc/connect'

const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
}
/** Longer than any timer of the platform. */
const MAX_TIMEOUT_MS = 2_147_483_647

/**
 * The milliseconds that a client gives its call, in the header `grpc-timeout`; none where it gives it for ever.
 *
 * @throws ConnectError `InvalidArgument`
 */
export function parseGrpcTimeout(value: string | string[] | undefined): number | undefined {
  if (value === undefined) return undefined
  const [, digits, unit = ''] = (typeof value === 'string' && /^(\d{1,8})([HMSmun])$/.exec(value)) || []
  if (digits === undefined) throw new ConnectError('The header grpc-timeout is malformed.', Code.InvalidArgument)
  return Math.min(Math.ceil(Number(digits) * UNITS_MS[unit]!), MAX_TIMEOUT_MS)
}

/** The same as {@link MAX_TIMEOUT_MS}, for a header that takes eight digits. */
const MAX_GRPC_TIMEOUT = `${Math.floor(MAX_TIMEOUT_MS / 1_000)}S`

/** Shortens the times in `header` that are longer than a timer can be: Connect would take them for none at all. */
export function clampTimeouts(header: Headers): void {
  const [, digits, unit = ''] = /^(\d{1,8})([HMS])$/.exec(header.get('grpc-timeout') ?? '') ?? []
  if (digits !== undefined && Number(digits) * UNITS_MS[unit]! > MAX_TIMEOUT_MS)
    header.set('grpc-timeout', MAX_GRPC_TIMEOUT)
  if (Number(header.get('connect-timeout-ms')) > MAX_TIMEOUT_MS)
    header.set('connect-timeout-ms', String(MAX_TIMEOUT_MS))
}
