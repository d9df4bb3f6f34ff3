import { resolveCors, type ResolvedCorsOptions } from '@sluice/http'

import type { GatewayOptions } from '../options/gateway-options.ts'
import { isLoopback } from '../options/option-values.ts'
import { GRPC_EXPOSED } from './grpc.ts'

/** Pages of these origins may use all that is below the mount, and see what the backend says in its headers. */
export function corsFor(origins: readonly string[]): ResolvedCorsOptions | undefined {
  if (origins.length === 0) return undefined
  return resolveCors({ origins: origins.includes('*') ? '*' : origins, exposed: EXPOSED })
}

/** Cookies are never let in, so that the star stands for every header that has no name here. */
const EXPOSED = ['Sluice-Cursor', 'X-Request-Id', 'X-Should-Retry', ...GRPC_EXPOSED, '*']

/**
 * What requests may call the gateway. Where only this machine reaches it, a name of elsewhere is a page's that was pointed
 * here; on an address for others, which has names that nobody told us, credentials guard the door.
 */
export function hostsOf({ host, corsOrigin, allowedHost }: GatewayOptions): ReadonlySet<string> | undefined {
  if (!isLoopback(host) || corsOrigin.includes('*') || allowedHost.includes('*')) return undefined
  const ofPages = corsOrigin.map((origin) => URL.parse(origin)?.hostname ?? '')
  return new Set(['localhost', ...allowedHost, ...ofPages.filter((name) => name !== '')])
}

/**
 * What pages of the gateway's own may call it to open sockets that show nothing. Not `localhost`: on its other address, IPv6
 * or IPv4, another program may serve pages of that name and port.
 */
export function hostsOfPages(options: GatewayOptions): readonly string[] | '*' {
  const hosts = hostsOf(options)
  if (!hosts) return '*'
  return options.allowedHost.includes('localhost') ? [...hosts] : [...hosts].filter((name) => name !== 'localhost')
}

/** Whether the page is served: it invites whoever comes by to start streams, so that on an address for others it is asked for. */
export function servesPage({ host, page, noPage }: GatewayOptions): boolean {
  return !noPage && (page || isLoopback(host))
}
