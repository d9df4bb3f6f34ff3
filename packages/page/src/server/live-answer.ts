/** One of one's own streams, as `GET /v1/live` tells of it. */
export interface LiveStream {
  readonly id: string
  readonly key?: string
  readonly status: 'running' | 'ended'
  readonly startedAtMs: number
  readonly readers: number
  readonly events: number
  readonly bytes: number
  readonly firstEventMs?: number
  readonly durationMs?: number
  readonly end?: { readonly reason: string; readonly cause?: string }
}

/** `upTo[i]` of `count` values were at most `bounds[i]`. */
export interface LiveHistogram {
  readonly bounds: readonly number[]
  readonly upTo: readonly number[]
  readonly count: number
  readonly sum: number
}

/** What `GET /v1/live` answers. */
export interface LiveAnswer {
  readonly streams: readonly LiveStream[]
  readonly more: boolean
  readonly figures: {
    readonly started: number
    readonly running: number
    readonly readers: number
    readonly ended: Readonly<Record<string, number>>
    readonly chunks: number
    readonly events: number
    readonly histograms: Readonly<Record<'firstEventMs' | 'durationMs' | 'waitedMs', LiveHistogram>>
  }
  readonly store: { readonly health: 'ok' | 'down' | 'degraded'; readonly bytes?: number }
  readonly draining: boolean
  readonly loopLagMs?: number
}
