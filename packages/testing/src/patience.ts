export { costGrowth } from './patience/cost-growth.ts'
export { ownTimeMs } from './patience/own-time.ts'
export { isSettled, quiet, until, untilStill, type UntilStillOptions, within } from './patience/waiting.ts'
