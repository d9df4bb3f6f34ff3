import { type NetworkLink, startNetworkLink } from '@sluice/testing/network-link'

import { answerParent } from '../process/child.ts'

/** What slow readers are put behind. */
export interface LinkInput {
  /** Of the server. */
  port: number
  link: NetworkLink
  seed: number
}

/** Lines in a process of their own: what they cost is neither the server's nor the load's. */
answerParent({
  async open({ port, link, seed }: LinkInput): Promise<{ port: number }> {
    const line = await startNetworkLink({ target: { port }, link, seed })
    return { port: line.port }
  },
})
