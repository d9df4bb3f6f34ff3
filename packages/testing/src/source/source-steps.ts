import { createSystemRuntime, type Runtime, type SourceItem } from '@sluice/core'

/** One step of a scripted source. */
export type SourceStep =
  /** Yields an item. */
  | { yield: SourceItem }
  /** Lets time pass before the next step. */
  | { wait: number }
  /** Never goes on; only an abort that is heeded ends it. */
  | { hang: true }
  /** Fails with this value, of any type. */
  | { throw: unknown }
  /** From here on the source does not heed its signal. */
  | { ignoreAbort: true }
  /** Waits for the abort, then yields this many items (`late 1`, `late 2`, …) in spite of it. */
  | { yieldAfterAbort: number }
  /** Finishes; what comes after is not played. The end of the list does the same. */
  | 'end'

/** Where a script is played. */
export interface Stage {
  readonly signal: AbortSignal
  readonly runtime: Runtime | undefined
  /** Whether the script heeds the abort of `signal`; `ignoreAbort` turns it off. */
  heedsAbort: boolean
}

/** Plays steps that take time. Throws the abort's reason as soon as it is heeded, as most model clients do. */
export async function* playSteps(steps: readonly SourceStep[], stage: Stage): AsyncGenerator<SourceItem, void, void> {
  for (const step of steps) {
    if (step === 'end') return
    if ('ignoreAbort' in step) stage.heedsAbort = false
    if (stage.heedsAbort) stage.signal.throwIfAborted()
    if ('yield' in step) yield step.yield
    else if ('wait' in step) await pass(step.wait, stage)
    else if ('hang' in step) await pass(Infinity, stage)
    else if ('throw' in step) throw step.throw
    else if ('yieldAfterAbort' in step) {
      await pass(Infinity, { ...stage, heedsAbort: true }).catch(() => {})
      for (let index = 1; index <= step.yieldAfterAbort; index++) yield `late ${index}`
    }
  }
  if (stage.heedsAbort) stage.signal.throwIfAborted()
}

/** Plays steps that take no time. */
export function* playStepsAtOnce(steps: readonly SourceStep[], stage: Stage): Generator<SourceItem, void, void> {
  for (const step of steps) {
    if (step === 'end') return
    if ('ignoreAbort' in step) stage.heedsAbort = false
    if (stage.heedsAbort) stage.signal.throwIfAborted()
    if ('yield' in step) yield step.yield
    else if ('throw' in step) throw step.throw
  }
}

/** Whether a step needs an asynchronous source. */
export function takesTime(step: SourceStep): boolean {
  return step !== 'end' && ('wait' in step || 'hang' in step || 'yieldAfterAbort' in step)
}

function pass(delayMs: number, { signal, runtime, heedsAbort }: Stage): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelTimer = delayMs < Infinity ? (runtime ?? createSystemRuntime()).after(delayMs, done) : undefined
    function done(): void {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    function onAbort(): void {
      cancelTimer?.()
      reject(signal.reason as Error)
    }
    if (!heedsAbort) return
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
