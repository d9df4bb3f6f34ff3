import type { Engine } from './engine.ts'
import type { StoreHealth } from '../store/store.ts'

/** What a process holds, for health checks and dashboards. */
export interface SluiceStats {
  /** Sources that have not come to rest. */
  producing: number
  /** Readings being delivered. */
  delivering: number
  /** Deadlines and steps outstanding: 0 when nothing is going on. */
  pending: number
  loopLagMs: number
  store: { bytes: number; streams: number; live: number; health: StoreHealth }
  draining: boolean
}

/** What the parts of one sluice hold now. */
export function statsOf({ admission, deliveries, scheduler, store }: Engine): Omit<SluiceStats, 'draining'> {
  return {
    producing: admission.running,
    delivering: deliveries.size,
    pending: scheduler.pending,
    loopLagMs: scheduler.loopLagMs,
    store: { ...store.usage(), health: store.health?.() ?? 'ok' },
  }
}
