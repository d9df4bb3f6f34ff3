import { joinHeaderLists } from '../response/header-list.ts'
import type { NodeResponse } from './node-response.ts'

/** Headers that list things. */
const LIST_HEADERS = ['vary', 'access-control-expose-headers']

/**
 * `headers` to be written on `response`: what middleware has listed there stays, before what they list.
 *
 * @example
 * ```ts
 * response.writeHead(200, withListsOf(response, { vary: 'Accept' })) // Vary: Origin, Accept
 * ```
 */
export function withListsOf(
  response: Pick<NodeResponse, 'getHeader'>,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  const merged = { ...headers }
  for (const name of LIST_HEADERS) {
    const value = merged[name]
    const before = response.getHeader(name)
    if (value !== undefined && before !== undefined) merged[name] = joinHeaderLists(String(before), value)
  }
  return merged
}
