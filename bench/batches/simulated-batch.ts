import { estimateEnd, type Eta, RateLog } from '@sluice/jobs/batch'

import { type Drift, gauss, mulberry, speedOf } from './drift.ts'

/** A batch of which all else is drawn from the seed: lines, places at the backend, how long lines take and how uneven. */
export interface BatchPlan {
  readonly seed: number
  readonly drift: Drift
  /** Others have batches at the same backend, lines of all are done in turn, and more of them come. */
  readonly shared: boolean
}

/** What was said at a time. */
export interface Sample {
  readonly atMs: number
  /** Part of the lines that were done. */
  readonly part: number
  readonly eta: Eta | null
}

/** What was said, and what came of it. */
export interface SimulatedBatch {
  readonly endMs: number
  readonly samples: readonly Sample[]
}

const TICKS = 3_000
const SAMPLES = 200
const OURS = -1

/** Runs a batch in time that is counted only, and asks all along when it will be done. */
export function simulateBatch({ seed, drift, shared }: BatchPlan): SimulatedBatch {
  const random = mulberry(seed)
  const between = (low: number, high: number): number => low + (high - low) * random()
  const places = Math.round(2 ** between(2, 6))
  const lines = Math.round(10 ** between(3, 4.3))
  const lineMs = 1_000 * 2 ** between(-1, 4)
  const uneven = between(0.2, 1)
  const timeOfLine = (): number => lineMs * Math.exp(uneven * gauss(random) - uneven ** 2 / 2)
  const wholeMs = (lines * lineMs) / places
  const tickMs = Math.min(wholeMs / TICKS, lineMs / 8)
  const speed = speedOf(drift, wholeMs * (shared ? 2 : 1), random)
  const others = shared
    ? Array.from({ length: Math.floor(between(1, 4)) }, () => Math.round(lines * between(0.1, 1.5)))
    : []
  const arrivals = shared ? between(0, 0.6) / wholeMs : 0

  const log = new RateLog(0)
  const running: { readonly isOurs: boolean; readonly sinceMs: number; left: number }[] = []
  const samples: Sample[] = []
  let waiting = lines
  let done = 0
  let joined = 0
  let turn = 0
  let nowMs = 0
  let nextSampleMs = 0
  while (done < lines) {
    if (random() < arrivals * tickMs) {
      const size = Math.round(lines * between(0.1, 0.5))
      others.push(size)
      joined += Math.min(size, waiting)
    }
    while (running.length < places) {
      const owners = [...(waiting > 0 ? [OURS] : []), ...others.keys()].filter((at) => at === OURS || others[at]! > 0)
      if (owners.length === 0) break
      const owner = owners[turn++ % owners.length]!
      if (owner === OURS) waiting--
      else others[owner]!--
      running.push({ isOurs: owner === OURS, sinceMs: nowMs, left: timeOfLine() })
    }
    nowMs += tickMs
    const work = tickMs * speed(nowMs, tickMs)
    for (let at = running.length - 1; at >= 0; at--) {
      const line = running[at]!
      line.left -= work
      if (line.left > 0) continue
      running.splice(at, 1)
      log.add(nowMs, nowMs - line.sinceMs)
      if (line.isOurs) done++
    }
    if (nowMs < nextSampleMs || done === lines) continue
    nextSampleMs = nowMs + wholeMs / SAMPLES
    const ahead = others.reduce((sum, left) => sum + Math.min(left, waiting), 0)
    const ages = running.filter(({ isOurs }) => isOurs).map(({ sinceMs }) => nowMs - sinceMs)
    const question = { nowMs, done, remaining: lines - done, ahead, joined, ages }
    samples.push({ atMs: nowMs, part: done / lines, eta: estimateEnd(log, question) })
  }
  return { endMs: nowMs, samples }
}

/** How good what was said of a batch was. */
export interface Honesty {
  /** Part of the time in which the true end lay between the earliest and the latest that were said. */
  readonly inside: number
  /** From half-way on: how far these two were apart, in parts of what remained. */
  readonly width: number
  /** From half-way on: how far the likely time was off, in parts of what remained. */
  readonly off: number
}

/** What was said, held against what came. Nothing was said until 20 lines were done: that is left out. */
export function judgeBatch({ endMs, samples }: SimulatedBatch): Honesty {
  const said = samples.flatMap(({ atMs, part, eta }) => (eta ? [{ atMs, part, eta }] : []))
  const inside = said.filter(({ eta }) => eta.earliestMs <= endMs && endMs <= eta.latestMs).length / said.length
  const later = said.filter(({ part }) => part >= 0.5)
  const sum = (of: (one: (typeof later)[number]) => number): number => later.reduce((total, one) => total + of(one), 0)
  const remained = sum(({ atMs }) => endMs - atMs)
  return {
    inside,
    width: sum(({ eta }) => eta.latestMs - eta.earliestMs) / remained,
    off: sum(({ eta }) => Math.abs(eta.likelyMs - endMs)) / remained,
  }
}
