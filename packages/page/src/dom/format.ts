const NOTHING = '–'

/** Milliseconds, as a person says them. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return NOTHING
  if (ms < 1) return `${ms.toFixed(1)} ms`
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

/** How long something takes, as a person who waits for it says it: to two figures. */
export function formatWait(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 100) return `${minutes} min`
  const hours = ms / 3_600_000
  return hours < 48 ? `${hours.toFixed(hours < 10 ? 1 : 0)} h` : `${Math.round(hours / 24)} days`
}

/** Bytes, as a person says them. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return NOTHING
  if (bytes < 1_024) return `${bytes} B`
  return bytes < 1_048_576 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`
}

/** A number of things. */
export function formatCount(count: number | undefined): string {
  return count === undefined ? NOTHING : count.toLocaleString('en')
}

/** A round number of milliseconds, as a person says it. */
export function formatBound(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  return ms < 60_000 ? `${ms / 1_000} s` : `${ms / 60_000} min`
}
