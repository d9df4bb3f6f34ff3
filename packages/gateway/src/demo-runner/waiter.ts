import type { Runtime } from '@sluice/core'

/** Waits that end at once, with the signal's reason, when the signal aborts. One wait at a time. */
export interface Waiter {
  /** Resolves after `delayMs`. */
  wait(delayMs: number): Promise<void>
  /** Lets the event loop turn once. */
  turn(): Promise<void>
  /** Never resolves. */
  hang(): Promise<never>
  /** Leaves no timer and no listener behind. */
  close(): void
}

interface Waiting {
  reject(reason: unknown): void
  callOff(): void
}

/** A waiter with one listener on `signal`, however many waits there are. */
export function createWaiter(runtime: Runtime, signal: AbortSignal): Waiter {
  let waiting: Waiting | undefined
  const onAbort = (): void => {
    waiting?.callOff()
    waiting?.reject(signal.reason)
    waiting = undefined
  }
  signal.addEventListener('abort', onAbort)

  const until = <Value>(arm: (settle: (value: Value) => void) => () => void): Promise<Value> => {
    if (signal.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const callOff = arm((value) => {
        waiting = undefined
        resolve(value)
      })
      waiting = { reject, callOff }
    })
  }
  return {
    wait: (delayMs) => until<void>((settle) => runtime.after(delayMs, () => settle())),
    async turn() {
      await new Promise<void>((resolve) => runtime.defer(resolve))
      signal.throwIfAborted()
    },
    hang: () => until<never>(() => () => {}),
    close() {
      signal.removeEventListener('abort', onAbort)
      waiting?.callOff()
      waiting = undefined
    },
  }
}
