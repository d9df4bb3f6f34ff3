import { readFileSync } from 'node:fs'

import { NETWORK_LINKS, type NetworkLink } from '@sluice/testing/network-link'

export interface NamedNetwork {
  readonly name: string
  readonly link: NetworkLink
}

const DEFAULT_NAMES = ['lan', 'fibre', '4g', '3g', 'train', 'satellite'] as const

/** What is compared where nothing else is asked for. */
export const NETWORKS: readonly NamedNetwork[] = DEFAULT_NAMES.map((name) => ({ name, link: NETWORK_LINKS[name] }))

const MEMBERS = ['latencyMs', 'jitterMs', 'lossRate', 'lossDelayMs', 'up', 'down']

/** A network by its name, or by a JSON file that describes one. */
export function networkOf(nameOrFile: string): NamedNetwork {
  const known = Object.entries(NETWORK_LINKS).find(([name]) => name === nameOrFile)
  if (known) return { name: known[0], link: known[1] }
  if (!nameOrFile.endsWith('.json')) {
    throw new Error(
      `No network "${nameOrFile}"; there are ${Object.keys(NETWORK_LINKS).join(', ')}, and own ones in a .json file.`,
    )
  }
  const link = JSON.parse(readFileSync(nameOrFile, 'utf8')) as Record<string, unknown>
  for (const [member, value] of Object.entries(link)) {
    if (MEMBERS.includes(member) && typeof value === 'number' && value >= 0) continue
    throw new Error(`${nameOrFile}: "${member}" must be one of ${MEMBERS.join(', ')}, and a number from 0 on.`)
  }
  return { name: nameOrFile.replace(/^.*\/|\.json$/g, ''), link }
}
