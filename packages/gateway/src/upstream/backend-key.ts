import type { GatewayOptions } from '../options/gateway-options.ts'

/**
 * The key the backend is shown. With `bearer` it is the client's own: anything else would let every stranger with a
 * made-up key spend the gateway's.
 */
export function keyForUpstream(
  { auth, upstreamKey }: Pick<GatewayOptions, 'auth' | 'upstreamKey'>,
  authorization: string | undefined,
): string | undefined {
  return auth === 'bearer' ? bearerOf(authorization) : upstreamKey
}

/** The token of an `Authorization` header. */
export function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  const key = authorization.slice(7).trim()
  return key === '' ? undefined : key
}
