import type { Random } from './random.ts'

/** How fast the demo runner speaks. */
export interface PaceOptions {
  /** Milliseconds to the first token, exactly. Left out: log-normal with a median of 250. */
  ttftMs?: number | undefined
  /** Mean milliseconds from one token to the next; 0 is as fast as it is read. Default 25. */
  interTokenMs?: number | undefined
  /** So many tokens always arrive together, at the same mean rate. Left out: one by one, now and then some at once. */
  burst?: number | undefined
}

/** The delays of one answer, in milliseconds. */
export interface Pace {
  beforeFirst(): number
  beforeNext(): number
}

const TTFT_MEDIAN_MS = 250
const TTFT_SIGMA = 0.35
const INTER_TOKEN_MS = 25
const INTER_TOKEN_SHAPE = 4
const BURST_CHANCE = 1 / 40
const PAUSE_CHANCE = 1 / 400
const MIN_PAUSE = 8
const MAX_PAUSE = 32

/** Delays as real servers show them: a wait, then an uneven run with bursts (batching) and pauses (other requests). */
export function createPace(random: Random, options: PaceOptions = {}): Pace {
  const { ttftMs, interTokenMs = INTER_TOKEN_MS, burst } = options
  let together = 0
  const oneToken = (): number => random.gamma(interTokenMs, INTER_TOKEN_SHAPE)
  const burstLength = (): number => burst ?? (random.fraction() < BURST_CHANCE ? 2 + random.below(7) : 1)
  const pause = (): number => {
    if (burst !== undefined || random.fraction() >= PAUSE_CHANCE) return 0
    return interTokenMs * (MIN_PAUSE + random.fraction() * (MAX_PAUSE - MIN_PAUSE))
  }
  return {
    beforeFirst: () => ttftMs ?? random.logNormal(TTFT_MEDIAN_MS, TTFT_SIGMA),
    beforeNext() {
      if (together > 0) {
        together -= 1
        return 0
      }
      // A burst arrives late, not early: its tokens were made at the usual rate.
      together = burstLength() - 1
      let delayMs = pause() + oneToken()
      for (let i = 0; i < together; i++) delayMs += oneToken()
      return delayMs
    },
  }
}
