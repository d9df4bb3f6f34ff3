import { ServerResponse } from 'node:http'

import type { NodeResponse } from './node-response.ts'

/**
 * Node sends a chunk in four pieces, which costs as much again as the rest of a small write. The head has promised
 * chunks by now; from here they are framed by us, each in one piece. Not where middleware has replaced `write`.
 */
export function takeOverFraming(response: NodeResponse): boolean {
  if ('stream' in response || !response.chunkedEncoding || !response.headersSent) return false
  // Middleware may have promised chunks; a HEAD response has none, and node may refuse to be given any.
  if (response.req.method === 'HEAD') return false
  if (response.write !== ServerResponse.prototype.write || response.end !== ServerResponse.prototype.end) return false
  response.chunkedEncoding = false
  return true
}
