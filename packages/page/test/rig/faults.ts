import axe from 'axe-core'

import type { Tab } from './person.ts'

/** What axe-core finds wrong, in words. */
export async function faultsIn(tab: Tab): Promise<unknown> {
  await tab.evaluate(`${axe.source}; 0`)
  return tab.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`,
  )
}
