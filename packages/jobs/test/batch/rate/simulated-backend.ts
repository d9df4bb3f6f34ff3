import { AdaptiveConcurrency, type RequestOutcome } from '../../../src/batch/rate/adaptive-concurrency.ts'

/** What a backend does with a request. */
export interface Answer {
  readonly afterMs: number
  readonly outcome: RequestOutcome
  readonly retryAfterMs?: number | undefined
}

/** Answers one request, at a time at which so many others run. */
export type SimulatedBackend = (others: number, nowMs: number, random: () => number) => Answer

/** What came of a run. */
export interface Run {
  /** The limit over time, sampled at each end of a request. */
  readonly limits: readonly { readonly atMs: number; readonly limit: number }[]
  readonly counts: Readonly<Record<RequestOutcome, number>>
  /** Answers a second. */
  readonly perSecond: number
  readonly mostRunning: number
}

/** Always as many requests as the limit allows, for so many milliseconds of virtual time. */
export function play(
  backend: SimulatedBackend,
  { max, forMs, seed }: { max: number; forMs: number; seed: number },
): Run {
  const random = mulberry(seed)
  const concurrency = new AdaptiveConcurrency({ max })
  const running: { atMs: number; end: () => void }[] = []
  const limits: { atMs: number; limit: number }[] = []
  const counts = { ok: 0, limited: 0, failed: 0, void: 0 }
  let mostRunning = 0
  let nowMs = 0
  while (nowMs < forMs) {
    const waitMs = concurrency.waitMs(nowMs)
    if (waitMs === 0) {
      const begun = concurrency.begin(nowMs)
      const { afterMs, outcome, retryAfterMs } = backend(running.length, nowMs, random)
      const atMs = nowMs + afterMs
      running.push({
        atMs,
        end() {
          counts[outcome]++
          concurrency.end(begun, atMs, outcome, retryAfterMs)
        },
      })
      mostRunning = Math.max(mostRunning, running.length)
      continue
    }
    const first = running.reduce((a, b) => (b.atMs < a.atMs ? b : a), { atMs: Infinity, end: (): void => {} })
    if (nowMs + waitMs < first.atMs) {
      nowMs += waitMs
      continue
    }
    nowMs = first.atMs
    running.splice(running.indexOf(first), 1)
    first.end()
    limits.push({ atMs: nowMs, limit: concurrency.limit })
  }
  return { limits, counts, perSecond: (1_000 * counts.ok) / nowMs, mostRunning }
}

/** The mean limit from a time on, each value as long as it held. */
export function meanLimit({ limits }: Run, fromMs: number, toMs = Infinity): number {
  let sum = 0
  let ms = 0
  for (const [index, { atMs, limit }] of limits.entries()) {
    const next = limits[index + 1]
    if (!next || atMs < fromMs || atMs > toMs) continue
    sum += limit * (next.atMs - atMs)
    ms += next.atMs - atMs
  }
  return sum / ms
}

/** Exponential: as uneven as the answers of a model may be. */
export function uneven(meanMs: number, random: () => number): number {
  return -meanMs * Math.log(1 - random())
}

export function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
