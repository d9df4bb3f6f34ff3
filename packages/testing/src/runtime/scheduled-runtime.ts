import type { Runtime } from '@sluice/core'
import type { Scheduler } from 'fast-check'
import { drainMicrotasks } from './drain-microtasks.ts'
import { type ListedTimer, TimerList } from './timer-list.ts'

/** A runtime whose tasks are released by fast-check, in any order that time allows. */
export interface ScheduledRuntime extends Runtime {
  /** Releases everything, tasks that others gave to the scheduler included, until idle; throws what a task threw. */
  flush(): Promise<void>
  /** Timers set and neither run nor called off, those past `untilMs` included. 0 at quiescence. */
  readonly pendingTimers: number
  /** Deferred tasks not yet run. 0 at quiescence. */
  readonly pendingDeferred: number
}

/** How far time may stretch. */
export interface ScheduledRuntimeOptions {
  /**
   * How late the event loop may run: timers this close to the earliest one may overtake it.
   * @defaultValue 0
   */
  maxLagMs?: number | undefined
  /**
   * Time stands still here; timers due later never run. Keeps a repeating timer from running for ever.
   * @defaultValue 7_200_000
   */
  untilMs?: number | undefined
}

/**
 * Makes a runtime for properties about interleavings. Each release of `scheduler` runs one task: the next deferred one
 * or a timer. Deferred tasks keep their order; a timer that is not yet due never overtakes one, and moves the clock when
 * it runs. Timers due at the same instant run in any order.
 *
 * @example
 * ```ts
 * fc.asyncProperty(fc.scheduler(), async (scheduler) => {
 *   const runtime = createScheduledRuntime(scheduler, { maxLagMs: 20 })
 *   const outcome = raceCancelAgainstEnd(runtime)
 *   await runtime.flush()
 *   return outcome.ends === 1
 * })
 * ```
 */
export function createScheduledRuntime(scheduler: Scheduler, options: ScheduledRuntimeOptions = {}): ScheduledRuntime {
  const { maxLagMs = 0, untilMs = 7_200_000 } = options
  const timers = new TimerList()
  const deferred: (() => void)[] = []
  const errors: unknown[] = []
  let nowMs = 0

  function mayRun(timer: ListedTimer): boolean {
    if (timer.dueMs <= nowMs) return true
    const latestMs = Math.min(untilMs, timers.earliest!.dueMs + maxLagMs)
    return deferred.length === 0 && timer.dueMs <= latestMs
  }

  // A release of what may not run yet runs what comes first instead, so there is always one release per task left.
  function release(wanted: ListedTimer | undefined): string {
    const timer = wanted && timers.has(wanted) && mayRun(wanted) ? wanted : undefined
    const first = timer ? undefined : deferred.shift()
    if (first) return run(first, 'deferred task')
    const due = timer ?? timers.earliest
    if (!due || !mayRun(due)) return 'nothing left'
    timers.delete(due)
    nowMs = Math.max(nowMs, due.dueMs)
    return run(due.task, `timer of ${due.dueMs} ms, at ${nowMs} ms`)
  }

  function run(task: () => void, description: string): string {
    try {
      task()
      return description
    } catch (error) {
      errors.push(error)
      return `${description}, which threw`
    }
  }

  function schedule(label: string, timer?: ListedTimer): void {
    const builder = (): Promise<string> => Promise.resolve(release(timer))
    void scheduler.scheduleSequence([{ builder, label }], async (releaseOne) => {
      await releaseOne()
      await drainMicrotasks()
    })
  }

  return {
    now: () => nowMs,
    defer(task) {
      deferred.push(task)
      schedule('defer')
    },
    after(delayMs, task) {
      const timer = timers.add(nowMs, delayMs, task)
      schedule(`after ${delayMs} ms`, timer)
      return () => timers.delete(timer)
    },
    async flush() {
      do {
        await drainMicrotasks()
        await scheduler.waitIdle()
      } while (scheduler.count() > 0)
      if (errors.length > 0) throw errors.shift()
    },
    get pendingTimers() {
      return timers.size
    },
    get pendingDeferred() {
      return deferred.length
    },
  }
}
