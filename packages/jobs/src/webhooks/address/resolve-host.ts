import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'

import type { AddressRules, HostAddress, ResolveHost } from './address-options.ts'
import { refusedUrl } from './check-url.ts'
import { isPublicAddress } from './public-address.ts'

const QUERY = { timeout: 2_000, tries: 2 }
/** Of the addresses of a name, so many are tried; all are checked. */
const MOST_TRIED = 8

/**
 * The addresses that may be connected to for a host. Each one that its name leads to must be allowed: which of them a connection
 * would take is up to whoever answers for the name.
 *
 * @throws SluiceError `SLUICE_ERR_WEBHOOK_URL`. That a name is not there, and that it leads where nobody may go, is one
 * answer: else it could be asked which names there are inside
 */
export async function resolveAllowed(
  host: string,
  rules: AddressRules,
  signal: AbortSignal,
): Promise<readonly HostAddress[]> {
  const family = isIP(host)
  const found =
    family === 0
      ? await (rules.resolve ?? queryDns)(host, signal).catch(() => [])
      : [{ address: host, family } as HostAddress]
  const isAllowed = ({ address }: HostAddress): boolean =>
    rules.allowPrivate ? isIP(address) !== 0 : isPublicAddress(address)
  if (found.length === 0 || !found.every(isAllowed))
    throw refusedUrl('leads to no address, or not only to addresses of the public internet')
  return found.slice(0, MOST_TRIED)
}

/**
 * Asks DNS itself. `dns.lookup` would ask in one of four threads that files are read in too: four names whose servers do not answer
 * would stop everything else.
 */
const queryDns: ResolveHost = async (hostname, signal) => {
  const resolver = new Resolver(QUERY)
  const stop = (): void => resolver.cancel()
  signal.addEventListener('abort', stop)
  try {
    const [v4, v6] = await Promise.all([
      resolver.resolve4(hostname).catch(() => []),
      resolver.resolve6(hostname).catch(() => []),
    ])
    return [
      ...v4.map((address): HostAddress => ({ address, family: 4 })),
      ...v6.map((address): HostAddress => ({ address, family: 6 })),
    ]
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
