import { createSystemRuntime, type Runtime } from '@sluice/core'

/** The host's runtime, and how many of its timers are set (contract 14). */
export interface CountedRuntime extends Runtime {
  readonly timers: number
}

/** Makes one. */
export function createCountedRuntime(): CountedRuntime {
  const host = createSystemRuntime()
  const set = new Set<symbol>()
  return {
    now: host.now,
    defer: host.defer,
    after(delayMs, task, keepAlive) {
      const timer = Symbol('timer')
      set.add(timer)
      const cancel = host.after(
        delayMs,
        () => {
          set.delete(timer)
          task()
        },
        keepAlive,
      )
      return () => {
        set.delete(timer)
        cancel()
      }
    },
    get timers() {
      return set.size
    },
  }
}
