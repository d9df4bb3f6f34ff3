import type { Identified } from '@sluice/core/extend'

/** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
export type Identify<Raw> = (raw: Raw) => Identified
