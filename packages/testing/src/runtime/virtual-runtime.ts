import type { Runtime } from '@sluice/core'
import { drainMicrotasks } from './drain-microtasks.ts'
import { TimerList } from './timer-list.ts'

/** A runtime whose time moves only when told to. */
export interface VirtualRuntime extends Runtime {
  /**
   * Moves time on by `ms`. Runs deferred tasks and due timers in order, and lets promise chains settle between any two.
   * Rejects with what a task threw. Calls made meanwhile wait their turn.
   */
  advance(ms: number): Promise<void>
  /** Runs deferred tasks, due timers and promise chains until nothing is left to do at the present time. */
  flush(): Promise<void>
  /**
   * Does what comes next, all of it at one instant: what is deferred, or else the timers that are due first, to which time moves.
   * `false`: there is neither. For thousands of runtimes in step: their promise chains settle in the one turn of the real event
   * loop that the caller waits between two steps (`await drainMicrotasks()`).
   */
  step(): boolean
  /** Simulates a blocked event loop: time jumps, nothing runs. What became due runs late, at the next flush or advance. */
  lag(ms: number): void
  /** Timers set and neither run nor called off. 0 at quiescence. */
  readonly pendingTimers: number
  /** Deferred tasks not yet run. 0 at quiescence. */
  readonly pendingDeferred: number
}

/** How a virtual runtime begins, and when it gives up. */
export interface VirtualRuntimeOptions {
  /**
   * What `now()` says at first.
   * @defaultValue 0
   */
  startMs?: number | undefined
  /**
   * Tasks that may run at one instant before that counts as a livelock and throws.
   * @defaultValue 100_000
   */
  maxTasksPerInstant?: number | undefined
}

/**
 * Makes a runtime on a virtual clock: hours pass in microseconds, and every run is the same.
 *
 * Promise chains settle by turns of the real event loop, so real I/O is not waited for.
 *
 * @example
 * ```ts
 * const runtime = createVirtualRuntime()
 * runtime.after(30_000, () => order.push('stall'))
 * runtime.defer(() => order.push('turn'))
 * await runtime.advance(30_000)
 * order // ['turn', 'stall']
 * ```
 */
export function createVirtualRuntime(options: VirtualRuntimeOptions = {}): VirtualRuntime {
  const { startMs = 0, maxTasksPerInstant = 100_000 } = options
  const timers = new TimerList()
  let deferred: (() => void)[] = []
  let head = 0
  let nowMs = startMs
  let busy: Promise<void> = Promise.resolve()

  function takeDeferred(): (() => void) | undefined {
    if (head === deferred.length) return undefined
    const task = deferred[head++]
    if (head === deferred.length) {
      deferred = []
      head = 0
    }
    return task
  }

  function takeDue(): (() => void) | undefined {
    const timer = timers.earliest
    if (!timer || timer.dueMs > nowMs) return undefined
    timers.delete(timer)
    return timer.task
  }

  async function settle(): Promise<void> {
    await drainMicrotasks()
    for (let tasks = 0; ; tasks++) {
      const task = takeDeferred() ?? takeDue()
      if (!task) return
      if (tasks === maxTasksPerInstant) {
        throw new Error(`${tasks} tasks ran at ${nowMs} ms and there are still more: time would never move on`)
      }
      task()
      await drainMicrotasks()
    }
  }

  async function moveTo(target: () => number): Promise<void> {
    const targetMs = target()
    await settle()
    while (timers.earliest && timers.earliest.dueMs <= targetMs) {
      nowMs = Math.max(nowMs, timers.earliest.dueMs)
      await settle()
    }
    nowMs = Math.max(nowMs, targetMs)
  }

  function enqueue(target: () => number): Promise<void> {
    const moved = busy.then(() => moveTo(target))
    busy = moved.catch(() => {})
    return moved
  }

  return {
    now: () => nowMs,
    defer: (task) => void deferred.push(task),
    after(delayMs, task) {
      const timer = timers.add(nowMs, delayMs, task)
      return () => timers.delete(timer)
    },
    advance(ms) {
      assertDuration(ms)
      return enqueue(() => nowMs + ms)
    },
    flush: () => enqueue(() => nowMs),
    step() {
      const ready = deferred.length - head
      if (ready > 0) for (let done = 0; done < ready; done++) takeDeferred()!()
      else if (!timers.earliest) return false
      else {
        nowMs = Math.max(nowMs, timers.earliest.dueMs)
        for (let task = takeDue(); task; task = takeDue()) task()
      }
      return true
    },
    lag(ms) {
      assertDuration(ms)
      nowMs += ms
    },
    get pendingTimers() {
      return timers.size
    },
    get pendingDeferred() {
      return deferred.length - head
    },
  }
}

function assertDuration(ms: number): void {
  if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`Time can move by 0 or more milliseconds, not by ${ms}`)
}
