import type { EndEvent, Observer, SluiceStats, StreamTiming } from '@sluice/core'

import { Histogram } from '../watching/histogram.ts'

const SECONDS: readonly number[] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

/** Counts what the gateway does, for Prometheus. No stream or user ever becomes a label. */
export class GatewayMetrics implements Observer {
  readonly #started: { value: number } = { value: 0 }
  readonly #ended: Map<string, number> = new Map()
  readonly #lost: Map<string, number> = new Map()
  readonly #detached: Map<string, number> = new Map()
  readonly #firstEvent: Histogram = new Histogram(SECONDS)
  readonly #duration: Histogram = new Histogram(SECONDS)
  #chunks = 0
  #events = 0
  #leaked = 0

  started(): void {
    this.#started.value++
  }

  chunk(_stream: unknown, { events }: { events: number }): void {
    this.#chunks++
    this.#events += events
  }

  detached(_stream: unknown, { outcome }: { outcome: string }): void {
    countOne(this.#detached, outcome)
  }

  ended(_stream: unknown, { end, timing }: { end: EndEvent; timing: StreamTiming }): void {
    countOne(this.#ended, end.reason)
    if (timing.firstEventMs !== undefined) this.#firstEvent.observe(timing.firstEventMs / 1000)
    if (timing.durationMs !== undefined) this.#duration.observe(timing.durationMs / 1000)
  }

  lost(_stream: unknown, { code }: { code: string }): void {
    countOne(this.#lost, code)
  }

  sourceLeaked(): void {
    this.#leaked++
  }

  /** Prometheus text format 0.0.4. */
  text({ producing, delivering, store, loopLagMs }: SluiceStats): string {
    return [
      ...single('sluice_streams_started_total', 'counter', 'Streams begun', this.#started.value),
      ...labelled('sluice_streams_ended_total', 'Streams ended, by reason', 'reason', this.#ended),
      ...labelled('sluice_streams_lost_total', 'Streams that this process has lost, by why', 'code', this.#lost),
      ...labelled('sluice_readings_ended_total', 'Readings ended, by outcome', 'outcome', this.#detached),
      ...single('sluice_chunks_total', 'counter', 'Writes to readers', this.#chunks),
      ...single('sluice_events_delivered_total', 'counter', 'Events delivered to readers', this.#events),
      ...single('sluice_sources_leaked_total', 'counter', 'Sources that did not stop when asked', this.#leaked),
      ...single('sluice_sources_running', 'gauge', 'Sources that have not come to rest', producing),
      ...single('sluice_readings_open', 'gauge', 'Readings being delivered', delivering),
      ...single('sluice_log_bytes', 'gauge', 'Bytes held in logs', store.bytes),
      ...single('sluice_store_up', 'gauge', 'Whether the store answers', store.health === 'down' ? 0 : 1),
      ...single(
        'sluice_store_degraded',
        'gauge',
        'Whether the store is slower than it should be, for it wakes nobody',
        store.health === 'degraded' ? 1 : 0,
      ),
      ...single('sluice_loop_lag_seconds', 'gauge', 'How late the event loop runs', loopLagMs / 1000),
      ...histogramLines('sluice_time_to_first_event_seconds', 'Start to first event', this.#firstEvent),
      ...histogramLines('sluice_stream_duration_seconds', 'Start to end', this.#duration),
      '',
    ].join('\n')
  }
}

function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function histogramLines(name: string, help: string, { bounds, upTo, sum, count }: Histogram): string[] {
  return [
    ...head(name, 'histogram', help),
    ...bounds.map((bound, index) => `${name}_bucket{le="${bound}"} ${upTo[index]}`),
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
  ]
}

function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function single(name: string, type: 'counter' | 'gauge', help: string, value: number): string[] {
  return [...head(name, type, help), `${name} ${value}`]
}

function labelled(name: string, help: string, label: string, values: ReadonlyMap<string, number>): string[] {
  return [
    ...head(name, 'counter', help),
    ...[...values].map(([value, count]) => `${name}{${label}="${value}"} ${count}`),
  ]
}
