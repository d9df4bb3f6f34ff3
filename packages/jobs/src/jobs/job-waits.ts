import type { DocumentStore } from '../documents/document-store.ts'
import { JOB } from './job-record.ts'

/** Word of a change may be lost on its way: so often it is looked, all the same. */
const LOOK_MS = 2_000

/** Those who wait for a job to change. One watch of the documents serves them all, for as long as there are any. */
export class JobWaits {
  readonly #documents: DocumentStore
  readonly #after: (delayMs: number, task: () => void) => () => void
  readonly #waiting: Map<string, Set<() => void>> = new Map()
  #unwatch: (() => void) | undefined

  constructor(documents: DocumentStore, after: (delayMs: number, task: () => void) => () => void) {
    this.#documents = documents
    this.#after = after
  }

  /** Gives what `look` does once that is something; after `waitMs`, or with the signal, what it does then. */
  async until<Value>(
    id: string,
    look: () => Promise<Value | undefined>,
    { waitMs, signal }: { waitMs: number; signal?: AbortSignal | undefined },
  ): Promise<Value | undefined> {
    let isOver = waitMs <= 0 || signal?.aborted === true
    let wake = (): void => {}
    let wasWoken = false
    const woken = (): void => {
      wasWoken = true
      wake()
    }
    const over = (): void => {
      isOver = true
      woken()
    }
    this.#add(id, woken)
    const callOff = isOver ? () => {} : this.#after(waitMs, over)
    signal?.addEventListener('abort', over, { once: true })
    try {
      for (;;) {
        wasWoken = false
        const found = await look()
        if (found !== undefined || isOver) return found
        if (wasWoken) continue
        const stop = this.#after(LOOK_MS, woken)
        await new Promise<void>((resolve) => (wake = resolve))
        stop()
      }
    } finally {
      callOff()
      signal?.removeEventListener('abort', over)
      this.#remove(id, woken)
    }
  }

  close(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  #add(id: string, woken: () => void): void {
    this.#unwatch ??= this.#documents.watch(JOB, (changed) => {
      for (const wake of this.#waiting.get(changed) ?? []) wake()
    })
    const waiting = this.#waiting.get(id) ?? new Set()
    waiting.add(woken)
    this.#waiting.set(id, waiting)
  }

  #remove(id: string, woken: () => void): void {
    const waiting = this.#waiting.get(id)
    waiting?.delete(woken)
    if (waiting?.size === 0) this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.close()
  }
}
