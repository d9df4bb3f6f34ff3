/** What a device says of its network: `navigator.connection`, where there is one. */
export interface ConnectionFacts {
  /** Whether its owner would save data. */
  readonly saveData?: boolean | undefined
  /** `slow-2g`, `2g`, `3g` or `4g`. */
  readonly effectiveType?: string | undefined
  /** A round trip, in milliseconds, rounded. */
  readonly rtt?: number | undefined
}

/** What is measured, and what the device says. */
export interface Measure extends ConnectionFacts {
  /** The round trip to the server. */
  readonly rttMs?: number | undefined
  /** Tokens a second that the page paints. */
  readonly paintRate?: number | undefined
}

/** What is wished of the chunks. */
export interface Wishes {
  maxDelayMs?: number
  maxTokens?: number
}

/** A token that waits for less than a frame is painted no sooner. */
const LEAST_DELAY_MS = 16
const MOST_DELAY_MS = 120
/** Where each message costs: what is saved is worth a pause that can be seen. */
const COSTLY_DELAY_MS = 250
const SLOW_DELAY_MS = 100
/** What travels together is painted within so long. */
const PAINT_S = 0.1
/** The largest chunk that may be asked for. */
const MOST_TOKENS = 65_536

/**
 * What to wish by what is known; nothing where nothing is. Tokens may wait for a third of the round trip, which nobody feels beside
 * it, and for longer where messages are dear; no more travel together than are painted in a tenth of a second.
 */
export function wishesFor({ rttMs, rtt, paintRate, saveData, effectiveType = '' }: Measure): Wishes {
  const wishes: Wishes = {}
  const tripMs = rttMs ?? (rtt || undefined)
  const isCostly = saveData === true || effectiveType.endsWith('2g')
  if (tripMs !== undefined)
    wishes.maxDelayMs = Math.round(Math.min(MOST_DELAY_MS, Math.max(LEAST_DELAY_MS, tripMs / 3)))
  if (effectiveType === '3g') wishes.maxDelayMs = Math.max(SLOW_DELAY_MS, wishes.maxDelayMs ?? 0)
  if (isCostly) wishes.maxDelayMs = COSTLY_DELAY_MS
  else if (paintRate !== undefined)
    wishes.maxTokens = Math.min(MOST_TOKENS, Math.max(1, Math.ceil(paintRate * PAINT_S)))
  return wishes
}
