import type { Json, Sluice } from '@sluice/core'
import { requireSafeJson } from '@sluice/core/extend'

import type { HttpRequest } from './http-request.ts'

/**
 * The body of a request whose sender is known: nobody else's is read. A framework may have parsed it.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE`, `SLUICE_ERR_OVERLOADED`, `SLUICE_ERR_TIMEOUT`
 */
export async function bodyOf({ sluice }: { sluice: Sluice }, request: HttpRequest): Promise<Json> {
  const { bodies } = sluice
  return requireSafeJson(await request.body(bodies), 'The body', { limits: bodies.options })
}
