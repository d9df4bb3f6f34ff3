import type { Environment } from '../clock/environment.ts'

/**
 * The one timer of a reading: what is given is told when it is due, and in place of what was given before. It may ring early, as each
 * event that comes only puts off what it would say.
 */
export function createAlarm(environment: Environment, ring: () => void): (dueMs: number) => void {
  let stop: (() => void) | undefined
  let armedMs = Infinity
  return (dueMs) => {
    if (armedMs <= dueMs && dueMs !== Infinity) return
    stop?.()
    armedMs = dueMs
    if (dueMs === Infinity) return
    stop = environment.after(Math.max(0, dueMs - environment.now()), () => {
      armedMs = Infinity
      ring()
    })
  }
}
