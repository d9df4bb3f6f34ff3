import { bearerOf } from '@sluice/core/extend'

import type { GatewayOptions } from '../options/gateway-options.ts'

/** Headers in which a client says who it is. */
export interface Credentials {
  readonly authorization?: string | undefined
  readonly 'x-api-key'?: string | readonly string[] | undefined
}

/** What a client shows of itself, as an `Authorization` header: Anthropic's clients have a header of their own for their key. */
export function credentialOf({ authorization, 'x-api-key': key }: Credentials): string | undefined {
  return authorization ?? (typeof key === 'string' && key !== '' ? `Bearer ${key}` : undefined)
}

/**
 * Headers that show `key` to a backend. One that speaks Anthropic's messages reads its own header; some that speak other
 * formats, too, read the other there as well. Anthropic itself is shown one.
 */
export function keyHeaders(
  key: string | undefined,
  format: 'openai' | 'anthropic',
  url: string,
): Record<string, string> {
  if (key === undefined) return {}
  const bearer = { authorization: `Bearer ${key}` }
  if (format === 'openai') return bearer
  return /(?:^|\.)anthropic\.com$/i.test(new URL(url).hostname) ? { 'x-api-key': key } : { ...bearer, 'x-api-key': key }
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
