import { createHash } from 'node:crypto'

import type { Principal } from '@sluice/core'

import { bearerOf } from '@sluice/core/extend'

import { type Credentials, credentialOf } from '../upstream/backend-key.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'

interface AskedWithHeaders {
  headers: Credentials
}

/**
 * Who sends a request: with `none` everybody is one owner; with `bearer` the owner is a hash of the API key, and a tenant
 * of its own. Stream keys are unique within a tenant: strangers' keys must neither block nor betray one another.
 */
export function createIdentify(auth: GatewayOptions['auth']): (request: AskedWithHeaders) => Principal | undefined {
  if (auth === 'none') return () => ({ owner: 'everyone' })
  return ({ headers }) => {
    const key = bearerOf(credentialOf(headers))
    if (key === undefined) return undefined
    const owner = createHash('sha256').update(key).digest('hex')
    return { tenant: owner, owner }
  }
}
