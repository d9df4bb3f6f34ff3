const BUSY: ReadonlySet<number> = new Set([429, 503, 529])
const FAILING: ReadonlySet<number> = new Set([408, 409, 425, 500, 502, 504])

/** Whether a backend means "not now" by a status: what was asked waits, and is no worse for it. */
export function isBusyStatus(status: number): boolean {
  return BUSY.has(status)
}

/** Whether another attempt may do better, though the backend is not busy. */
export function isFailingStatus(status: number): boolean {
  return FAILING.has(status)
}
