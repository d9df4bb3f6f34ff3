import ipaddr from 'ipaddr.js'

/** Addresses that the registries call public, and that lead into a cloud's own house: Azure's wire server. */
const NOT_PUBLIC: readonly string[] = ['168.63.129.16']
/** What is given out of IPv6 is 2000::/3. `::a00:1`, which is 10.0.0.1 in an old way of writing, is not, and its range is told as public. */
const GIVEN_OUT = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Whether an IP address is one of the public internet. Everything else is refused rather than listed: what leads into the
 * machine or its network, also when it is written as another kind of address (mapped, NAT64, 6to4), and what is reserved.
 */
export function isPublicAddress(address: string): boolean {
  // A zone names an interface of this machine: nothing public has one.
  if (address.includes('%') || !ipaddr.isValid(address)) return false
  const processed = ipaddr.process(address)
  if (processed.range() !== 'unicast' || NOT_PUBLIC.includes(processed.toString())) return false
  return processed instanceof ipaddr.IPv4 || processed.match(GIVEN_OUT)
}
