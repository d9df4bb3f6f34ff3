import { Deadline } from '@sluice/core/extend'

import { BATCH_KIND, LEAVING, RUNNING, WAITING } from '../state/batch-record.ts'
import { BatchRun, type BatchRunParts } from './batch-run.ts'
import { pause } from '../asking/pause.ts'

/** How those are doing who wait at the other end. */
export interface Pressure {
  /** How long first tokens of interactive answers take, in milliseconds; left out where there are none. */
  readonly interactiveTtftMs?: number | undefined
  /** How many interactive requests wait. */
  readonly queued?: number | undefined
}

/** What an engine is made of. */
export interface BatchEngineParts extends BatchRunParts {
  /** Is asked four times a second as long as there are batches. */
  readonly pressure?: (() => Pressure) | undefined
}

/** How often it is looked whether others wait. */
const PRESSURE_MS = 250
/** How long it must have been calm before batches go on: four looks. */
const CALM_LOOKS = 4
/** When files are looked for whose time is over, at the latest. */
const UPKEEP_MS = 60_000

/** Works off batches, of this process and of others that have the same documents and files. */
export class BatchEngine {
  readonly #parts: BatchEngineParts
  readonly #runs: Map<string, { run: BatchRun; done: Promise<void> }> = new Map()
  readonly #stopping: AbortController = new AbortController()
  readonly #pressing: Deadline
  readonly #unwatch: () => void
  readonly #looping: Promise<unknown>
  #nudge: AbortController = new AbortController()
  #calmLooks = 0

  constructor(parts: BatchEngineParts) {
    this.#parts = parts
    this.#pressing = new Deadline({ due: () => this.#press() })
    this.#unwatch = parts.documents.watch(BATCH_KIND, (id) => {
      const mine = this.#runs.get(id)
      if (mine) mine.run.look()
      else this.#nudge.abort()
    })
    this.#looping = Promise.all([this.#claimOn(), this.#removeOn()])
  }

  /** Batches that are worked at here. */
  get running(): number {
    return this.#runs.size
  }

  /** Whether they stand back for others now. */
  get isPaused(): boolean {
    return this.#parts.places.isHeld
  }

  /** Takes no more; settles when nothing is worked at here any more. Others go on with it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#nudge.abort()
    this.#unwatch()
    for (const { run } of this.#runs.values()) run.leave()
    await this.#looping
    await Promise.all([...this.#runs.values()].map(({ done }) => done))
    this.#parts.scheduler.cancel(this.#pressing)
  }

  async #claimOn(): Promise<void> {
    const { scheduler, work, onError } = this.#parts
    while (!this.#stopping.signal.aborted) {
      this.#nudge = new AbortController()
      try {
        await this.#claim()
      } catch (error) {
        onError(error)
      }
      await pause(scheduler, work.lookEveryMs, AbortSignal.any([this.#nudge.signal, this.#stopping.signal]))
    }
  }

  async #claim(): Promise<void> {
    const { documents, work } = this.#parts
    const { leaseMs, batchesAtOnce, batchesPerOwner: perScope } = work
    const any = { kind: BATCH_KIND, to: RUNNING, leaseMs }
    // They ask nothing of the backend any more, so they take nobody's place.
    const leaving = await documents.claim({ ...any, from: [LEAVING], limit: batchesAtOnce })
    const limit = batchesAtOnce - this.#runs.size
    const others = limit > 0 ? await documents.claim({ ...any, from: [WAITING, RUNNING], limit, perScope }) : []
    for (const document of [...leaving, ...others]) {
      // It was lost here, and nobody has noticed: whoever still works at it writes nothing any more.
      await this.#runs.get(document.id)?.done
      const run = new BatchRun(this.#parts, document)
      const done = run.work().finally(() => {
        this.#runs.delete(document.id)
        this.#nudge.abort()
      })
      this.#runs.set(document.id, { run, done })
      if (this.#stopping.signal.aborted) run.leave()
      this.#press()
    }
  }

  /** Those who wait at the other end come first. */
  #press(): void {
    const { scheduler, pressure, places, work } = this.#parts
    if (!pressure || this.#runs.size === 0) return
    scheduler.schedule(this.#pressing, scheduler.now() + PRESSURE_MS)
    const { interactiveTtftMs = 0, queued = 0 } = this.#asked(pressure)
    const { pressureBounds } = work
    const isHigh = interactiveTtftMs > pressureBounds.interactiveTtftMs || queued > pressureBounds.queued
    this.#calmLooks = isHigh ? 0 : this.#calmLooks + 1
    if (isHigh) places.hold(true)
    else if (places.isHeld && this.#calmLooks >= CALM_LOOKS) places.hold(false)
  }

  /** Whoever cannot say how others are doing does not stop batches by that. */
  #asked(pressure: () => Pressure): Pressure {
    try {
      return pressure()
    } catch (error) {
      this.#parts.onError(error)
      return {}
    }
  }

  /** Files whose time is over go. */
  async #removeOn(): Promise<void> {
    const { scheduler, records, onError } = this.#parts
    while (!this.#stopping.signal.aborted) {
      let dueInMs: number | undefined
      try {
        dueInMs = await records.expire()
      } catch (error) {
        onError(error)
      }
      const waitMs = Math.min(Math.max(dueInMs ?? UPKEEP_MS, 1_000), UPKEEP_MS)
      await pause(scheduler, waitMs, this.#stopping.signal)
    }
  }
}
