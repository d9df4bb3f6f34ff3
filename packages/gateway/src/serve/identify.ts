import { createHash } from 'node:crypto'

import type { Principal } from '@sluice/core'

import type { GatewayOptions } from '../options/option-table.ts'

interface AskedWithHeaders {
  headers: { authorization?: string | undefined }
}

/**
 * Who sends a request: with `none` everybody is one owner; with `bearer` the owner is a hash of the API key, and a tenant
 * of its own. Stream keys are unique within a tenant: strangers' keys must neither block nor betray one another.
 */
export function createIdentify(auth: GatewayOptions['auth']): (request: AskedWithHeaders) => Principal | undefined {
  if (auth === 'none') return () => ({ owner: 'everyone' })
  return ({ headers }) => {
    const key = bearerOf(headers.authorization)
    if (key === undefined) return undefined
    const owner = createHash('sha256').update(key).digest('hex')
    return { tenant: owner, owner }
  }
}

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

function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  const key = authorization.slice(7).trim()
  return key === '' ? undefined : key
}
