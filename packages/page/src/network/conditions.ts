import { NETWORK_LINKS, type NetworkLink } from '@sluice/testing/network-link'

export type NetworkName = 'good' | '4g' | '3g' | 'jittery'

/** The networks of the page, which the tests and the bench read on, too. */
export const NETWORKS: Readonly<Record<NetworkName, NetworkLink>> = {
  good: NETWORK_LINKS.fibre,
  '4g': NETWORK_LINKS['4g'],
  '3g': NETWORK_LINKS['3g'],
  jittery: NETWORK_LINKS.train,
}
