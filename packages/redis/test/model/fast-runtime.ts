import { createSystemRuntime, type Runtime } from '@sluice/core'
import { ownTimeMs } from '@sluice/testing/patience'

/** How much faster time goes for sluice than for Redis. */
export const SPEED = 8

/**
 * The host's runtime with time made short: a lease is over in a second and a quarter. It stands still while the machine is
 * busy with something else, for whatever is late by some hundred milliseconds is late by seconds here.
 */
export function createFastRuntime(): Runtime {
  const host = createSystemRuntime()
  return {
    now: () => ownTimeMs() * SPEED,
    defer: host.defer,
    after(delayMs, task, keepAlive) {
      const atMs = ownTimeMs() + delayMs / SPEED
      let callOff = (): void => {}
      const wait = (): void => {
        const leftMs = atMs - ownTimeMs()
        if (leftMs <= 0) task()
        else callOff = host.after(leftMs, wait, keepAlive)
      }
      callOff = host.after(delayMs / SPEED, wait, keepAlive)
      return () => callOff()
    },
  }
}

/** Resolves when so many milliseconds of that time, at the host's speed, have passed. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => void createFastRuntime().after(ms * SPEED, resolve))
}
