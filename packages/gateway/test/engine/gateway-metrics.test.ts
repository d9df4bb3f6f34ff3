import type { EndEvent, SluiceStats, StreamTiming } from '@sluice/core'
import { expect, test } from 'vitest'

import { GatewayMetrics } from '../../src/engine/gateway-metrics.ts'

const STATS = { producing: 0, delivering: 0, store: { bytes: 0, health: 'ok' }, loopLagMs: 0 } as SluiceStats
const END: EndEvent = { type: 'end', reason: 'stop', complete: true }

function ended(...seconds: readonly number[]): string {
  const metrics = new GatewayMetrics()
  for (const each of seconds) {
    const timing = { firstEventMs: each * 1_000, durationMs: each * 2_000 } as StreamTiming
    metrics.ended(undefined, { end: END, timing })
  }
  return metrics.text(STATS)
}

/** The buckets of a histogram, by their bounds. */
function bucketsIn(text: string, name: string): Record<string, number> {
  const lines = [...text.matchAll(new RegExp(`^${name}_bucket{le="([^"]+)"} (\\d+)$`, 'gm'))]
  return Object.fromEntries(lines.map(([, bound, count]) => [bound!, Number(count)]))
}

test('a histogram counts in each bucket what took as long as its bound or less, and in the last one all', () => {
  const text = ended(0.01, 0.02, 0.3, 7, 1_000)
  const first = bucketsIn(text, 'sluice_time_to_first_event_seconds')
  expect(first).toMatchObject({ '0.01': 1, '0.025': 2, '0.25': 2, '0.5': 3, '5': 3, '10': 4, '300': 4, '+Inf': 5 })
  expect(bucketsIn(text, 'sluice_stream_duration_seconds')).toMatchObject({ '0.01': 0, '0.025': 1, '1': 3, '+Inf': 5 })
  expect(text).toContain('sluice_time_to_first_event_seconds_count 5')
  expect(text).toMatch(/^sluice_time_to_first_event_seconds_sum 1007\.33/m)
})

test('as Prometheus wants them, buckets only rise with their bounds', () => {
  const buckets = bucketsIn(ended(0.004, 0.07, 0.07, 2, 2, 45, 400), 'sluice_time_to_first_event_seconds')
  const bound = (name: string): number => (name === '+Inf' ? Infinity : Number(name))
  const counts = Object.keys(buckets)
    .toSorted((a, b) => bound(a) - bound(b))
    .map((name) => buckets[name]!)
  expect(counts).toHaveLength(15)
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
})

test('streams that went on elsewhere are counted by why', () => {
  const metrics = new GatewayMetrics()
  for (const code of ['epoch', 'epoch', 'storage']) metrics.lost(undefined, { code })
  const text = metrics.text(STATS)
  expect(text).toContain('sluice_streams_lost_total{code="epoch"} 2')
  expect(text).toContain('sluice_streams_lost_total{code="storage"} 1')
})
