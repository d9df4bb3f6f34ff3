/** How long a producer's claim stands without being renewed; the same everywhere, or nobody could judge it. */
export const LEASE_MS = 10_000
/** How often what must be renewed is: three times a lease. */
export const RENEW_MS = 3_300
/** How long what an instance reported of its readers is believed; it reports three times meanwhile. */
export const ATTENDANCE_MS = 10_000
/** A store that has not answered for so long counts as silent. */
export const SILENT_MS = 1_000
/** How long a pointer to a stream outlives the stream, and the list of watched streams its last change. */
export const POINTER_MS: number = 30 * 86_400_000
/** What is kept beyond its retention, so that clocks and renewals need not be exact. */
const SPARE_MS = 60_000
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
