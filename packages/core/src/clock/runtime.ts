/**
 * The one door through which core reaches the outside: a clock, the end of the current turn, and a timer.
 *
 * Give `createSluice({ runtime })` another one to run on a virtual clock (see `@sluice/testing`).
 */
export interface Runtime {
  /** Monotonic milliseconds, fractions allowed. Only differences have a meaning. */
  now(): number
  /** Runs `task` once, at the end of the current turn of the event loop, before timers that are not yet due. */
  defer(task: () => void): void
  /**
   * Runs `task` once after at least `delayMs`; returns a function that calls it off. `Infinity` is never.
   * `keepAlive: false`: this timer alone is no reason for the process to go on.
   */
  after(delayMs: number, task: () => void, keepAlive?: boolean): () => void
}

/** `setTimeout` fires at once when asked for more than this many milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1

interface HostTimers {
  setImmediate?: (task: () => void) => unknown
  setTimeout(task: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
  performance: { now(): number }
  MessageChannel?: new () => {
    port1: { onmessage: (() => void) | null }
    port2: { postMessage(value: unknown): void }
  }
}

/**
 * The runtime of the host: `performance.now`, `setImmediate` (a message channel where there is none) and `setTimeout`.
 *
 * @example
 * ```ts
 * const runtime = createSystemRuntime()
 * runtime.defer(() => console.log('end of the turn'))
 * ```
 */
export function createSystemRuntime(): Runtime {
  const host = globalThis as unknown as HostTimers
  const { setImmediate, performance } = host
  return {
    now: () => performance.now(),
    defer: setImmediate ? (task) => void setImmediate(task) : createMessageDefer(host),
    after(delayMs, task, keepAlive = true) {
      const atMs = performance.now() + delayMs
      let handle: unknown
      const wait = (): void => {
        const leftMs = atMs - performance.now()
        // Hosts cut fractions off: a timer would fire too early, and a second one be needed for what is left.
        const delayMs = Math.min(Math.max(Math.ceil(leftMs), 0), MAX_TIMER_MS)
        handle = host.setTimeout(leftMs > MAX_TIMER_MS ? wait : task, delayMs)
        if (!keepAlive) (handle as { unref?(): void }).unref?.()
      }
      if (Number.isNaN(delayMs)) throw new RangeError('A delay must be a number of milliseconds and is NaN.')
      if (delayMs !== Infinity) wait()
      return () => host.clearTimeout(handle)
    },
  }
}

function createMessageDefer(host: HostTimers): (task: () => void) => void {
  if (!host.MessageChannel) return (task) => void host.setTimeout(task, 0)
  const channel = new host.MessageChannel()
  const tasks: (() => void)[] = []
  channel.port1.onmessage = () => tasks.shift()?.()
  return (task) => {
    tasks.push(task)
    channel.port2.postMessage(0)
  }
}
