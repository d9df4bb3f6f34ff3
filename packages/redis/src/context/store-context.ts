import type { Scheduler, LogAccount, StoreHost, StreamName } from '@sluice/core'

import type { AppendBatcher } from '../connection/append-batcher.ts'
import type { RedisConnection } from '../connection/redis-connection.ts'
import type { Subscriptions } from '../connection/subscriptions.ts'
import type { Keys } from '../protocol/keys.ts'
import type { ResolvedRedisStoreOptions } from '../connection/redis-store-options.ts'

/** What the parts of one store share. */
export interface StoreContext {
  readonly instance: string
  readonly scheduler: Scheduler
  readonly connection: RedisConnection
  readonly appends: Pick<AppendBatcher, 'append'>
  readonly keys: Keys
  readonly subscriptions: Subscriptions
  readonly options: ResolvedRedisStoreOptions
  readonly account: LogAccount
  /** Sluices that use this store, and do what has to be done for streams that others left. */
  readonly hosts: StoreHost[]
}

/** How long a producer's claim stands without being renewed; the same everywhere, or nobody could judge it. */
export const LEASE_MS = 10_000
/** How often what must be renewed is: three times a lease. */
export const RENEW_MS = 3_300
/** A store that has not answered for so long counts as silent. */
export const SILENT_MS = 1_000
/** What is kept beyond its retention, so that clocks and renewals need not be exact. */
export const SPARE_MS = 60_000

/** How long it is known that a stream was, once its events are gone. */
const TOMBSTONE_MS = 3_600_000

/** How long everything of a running stream outlives its last sign of life. */
export function liveMs(keeping: { retentionMs: number }): number {
  return LEASE_MS + SPARE_MS + keeping.retentionMs
}

/** How long the log of an ended stream is kept, and how long its meta, which is then its tombstone. */
export function endedMs(keeping: { retentionMs: number }): { logMs: number; metaMs: number } {
  const logMs = Math.max(1, keeping.retentionMs)
  return { logMs, metaMs: logMs + TOMBSTONE_MS }
}

/** A stream's name as notices carry it. */
export function nameOf({ tenant, id }: StreamName): string {
  return JSON.stringify({ tenant, id })
}
