import type { RunLine } from '@sluice/jobs/batch'

import type { BatchKeys } from './batch-keys.ts'

/**
 * Asks for a line as its owner would have, over the gateway's own routes: they pass on what only the backend can answer. `address` is where
 * the gateway listens, once it does.
 */
export function askOwnRoute(address: Promise<string>, keys: BatchKeys): RunLine {
  return async ({ owner, endpoint, body }, { signal }) => {
    const authorization = await keys.keyOf(owner)
    const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) }
    const response = await fetch((await address) + endpoint, { method: 'POST', headers, body, signal })
    const again = Number(response.headers.get('retry-after'))
    return {
      statusCode: response.status,
      requestId: response.headers.get('x-request-id'),
      body: await response.text(),
      ...(again > 0 && { retryAfterMs: again * 1_000 }),
    }
  }
}
