const SECONDS = /^\d{1,9}$/

/** What `Retry-After` asks for, in milliseconds: it names seconds or a date. `undefined` for what is neither. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  if (SECONDS.test(text)) return Number(text) * 1000
  // Anything else that a date can be made of, such as "-1", is not meant as one.
  const atMs = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}
