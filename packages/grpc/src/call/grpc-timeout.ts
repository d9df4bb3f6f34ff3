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
