import type { ChunkInfo, EndEvent, StreamIdentity, StreamTiming } from '@sluice/core'

import { Histogram } from './histogram.ts'

/** What is told of one stream. */
export interface OwnStream {
  readonly id: string
  readonly key: string | undefined
  readonly status: 'running' | 'ended'
  readonly startedAtMs: number
  /** Readings of it that are open here. */
  readonly readers: number
  /** Events and bytes that were written to readers here. */
  readonly events: number
  readonly bytes: number
  readonly firstEventMs: number | undefined
  readonly durationMs: number | undefined
  readonly end: Pick<EndEvent, 'reason' | 'cause'> | undefined
}

/** What was measured of one owner's streams. */
export interface OwnFigures {
  readonly started: number
  readonly running: number
  readonly readers: number
  readonly ended: Readonly<Record<string, number>>
  readonly chunks: number
  readonly events: number
  readonly histograms: Readonly<Record<'firstEventMs' | 'durationMs' | 'waitedMs', HistogramFigures>>
}

/** `upTo[i]` values were at most `bounds[i]`; `count` is all of them. */
export interface HistogramFigures {
  readonly bounds: readonly number[]
  readonly upTo: readonly number[]
  readonly count: number
  readonly sum: number
}

type Kept = { -readonly [Name in keyof OwnStream]: OwnStream[Name] }

/** Streams of one owner that are remembered: a list for people. */
const MAX_STREAMS = 250
/** More than may run at once. */
const MAX_RUNNING = 20_000
const FIRST_EVENT_MS: readonly number[] = [50, 100, 200, 300, 500, 1_000, 2_000, 5_000, 15_000]
const DURATION_MS: readonly number[] = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000]
const WAITED_MS: readonly number[] = [0.1, 1, 5, 10, 20, 50, 120, 500]

/** One owner's streams as this process has seen them. */
export class OwnRecord {
  readonly #streams: Map<string, Kept> = new Map()
  /** Those that have not ended, listed or not. */
  readonly #running: Set<string> = new Set()
  readonly #ended: Map<string, number> = new Map()
  readonly #firstEvent: Histogram = new Histogram(FIRST_EVENT_MS)
  readonly #duration: Histogram = new Histogram(DURATION_MS)
  readonly #waited: Histogram = new Histogram(WAITED_MS)
  #started = 0
  #lost = 0
  #chunks = 0
  #events = 0

  started({ id, key }: StreamIdentity): void {
    this.#started++
    this.#running.add(id)
    forgetOldest(this.#running, MAX_RUNNING)
    this.#streams.set(id, {
      id,
      key,
      status: 'running',
      startedAtMs: Date.now(),
      readers: 0,
      events: 0,
      bytes: 0,
      firstEventMs: undefined,
      durationMs: undefined,
      end: undefined,
    })
    forgetOldest(this.#streams, MAX_STREAMS)
  }

  readers({ id }: StreamIdentity, readers: number): void {
    const kept = this.#streams.get(id)
    if (kept) kept.readers = readers
  }

  chunk({ id }: StreamIdentity, { events, bytes, waitedMs }: ChunkInfo): void {
    this.#chunks++
    this.#events += events
    this.#waited.observe(waitedMs)
    const kept = this.#streams.get(id)
    if (!kept) return
    kept.events += events
    kept.bytes += bytes
  }

  ended({ id }: StreamIdentity, { end, timing }: { end: EndEvent; timing: StreamTiming }): void {
    const { firstEventMs, durationMs } = timing
    this.#running.delete(id)
    this.#ended.set(end.reason, (this.#ended.get(end.reason) ?? 0) + 1)
    if (firstEventMs !== undefined) this.#firstEvent.observe(firstEventMs)
    if (durationMs !== undefined) this.#duration.observe(durationMs)
    const kept = this.#streams.get(id)
    if (!kept) return
    kept.status = 'ended'
    kept.end = { reason: end.reason, cause: end.cause }
    kept.firstEventMs = firstEventMs
    kept.durationMs = durationMs
  }

  /** Another process has it, and tells of it. */
  lost({ id }: StreamIdentity): void {
    if (!this.#running.delete(id)) return
    this.#lost++
    this.#streams.delete(id)
  }

  list(limit: number): { streams: readonly OwnStream[]; more: boolean } {
    const newest = [...this.#streams.values()].reverse().slice(0, limit)
    return { streams: newest, more: this.#started - this.#lost > newest.length }
  }

  figures(): OwnFigures {
    const readers = [...this.#streams.values()].reduce((sum, kept) => sum + kept.readers, 0)
    return {
      started: this.#started,
      running: this.#running.size,
      readers,
      ended: Object.fromEntries(this.#ended),
      chunks: this.#chunks,
      events: this.#events,
      histograms: {
        firstEventMs: figuresOf(this.#firstEvent),
        durationMs: figuresOf(this.#duration),
        waitedMs: figuresOf(this.#waited),
      },
    }
  }
}

/** Lets go of what came first, where there is more than that. */
export function forgetOldest(kept: Map<string, unknown> | Set<string>, most: number): void {
  const [oldest] = kept.keys()
  if (kept.size > most && oldest !== undefined) kept.delete(oldest)
}

function figuresOf({ bounds, upTo, count, sum }: Histogram): HistogramFigures {
  return { bounds, upTo: [...upTo], count, sum }
}
