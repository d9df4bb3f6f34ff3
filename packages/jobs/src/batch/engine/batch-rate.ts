import type { BatchState } from '../state/batch-machine.ts'
import { finishedOf } from '../state/batch-machine.ts'
import type { KnownBatch } from '../state/batch-record.ts'
import { type Eta, estimateEnd } from '../rate/eta.ts'
import { RateLog } from '../rate/rate-log.ts'

/** When a batch is thought to be over, in seconds since 1970. */
export interface BatchEta {
  readonly earliest: number
  readonly likely: number
  readonly latest: number
  /** Whether its time will be over first. */
  readonly expires_first: 'unlikely' | 'possible' | 'likely'
  /** What it rests on: lines of it that are done, how many were a second in the last `window_s` seconds, and those of others before it. */
  readonly basis: {
    readonly done: number
    readonly perSecond: number
    readonly window_s: number
    readonly ahead: number
  }
}

/** The lines of a batch that were done, as those before have left it; the time in which nobody worked at it does not count. */
export function rateLogOf({ rate }: KnownBatch, nowMs: number): RateLog {
  if (!rate) return new RateLog(nowMs)
  const log = RateLog.from(rate.log)
  log.leaveOut(Math.max(0, nowMs - rate.atMs))
  return log
}

/** When it will be over, as far as that can be said: nothing before 20 of its lines are done, and once it is certain how it ends. */
export function etaOf({ rate, state }: KnownBatch, nowMs: number): BatchEta | null {
  if (state.phase !== 'in_progress' || !rate) return null
  const done = finishedOf(state.counts)
  const eta = estimateEnd(RateLog.from(rate.log), { nowMs, done, remaining: state.counts.total - done })
  return eta && viewOf(eta, state)
}

function viewOf({ earliestMs, likelyMs, latestMs, basis }: Eta, { expiresAtMs }: BatchState): BatchEta {
  const { done, perSecond, windowS, ahead } = basis
  const isLikely = likelyMs > expiresAtMs
  return {
    earliest: Math.floor(earliestMs / 1_000),
    likely: Math.round(likelyMs / 1_000),
    latest: Math.ceil(latestMs / 1_000),
    expires_first: isLikely ? 'likely' : latestMs > expiresAtMs ? 'possible' : 'unlikely',
    basis: { done, perSecond, window_s: windowS, ahead },
  }
}
