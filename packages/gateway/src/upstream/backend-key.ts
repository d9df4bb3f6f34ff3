import { bearerOf } from '@sluice/core/extend'

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
