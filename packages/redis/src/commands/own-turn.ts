import { hostTurn } from '@sluice/core/extend'

let last: Promise<void> = Promise.resolve()

/**
 * Resolves in a turn of the event loop that nobody else is given here: for work of some milliseconds of which much may come at
 * once, as long answers do that were asked for together.
 */
export function ownTurn(): Promise<void> {
  last = last.then(hostTurn)
  return last
}
