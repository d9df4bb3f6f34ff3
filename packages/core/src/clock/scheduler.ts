import { type Deadline, DeadlineList } from './deadlines.ts'
import type { Runtime } from './runtime.ts'

/** Something that is stepped once at the end of a turn in which it was marked. `step` never throws. */
export interface Steppable {
  dirty: boolean
  /** Does what is to be done at the end of the turn. */
  step(): void
}

/** Weight of the latest turn in the moving average of loop lag. */
const LAG_WEIGHT = 0.2

/** How long steps and deadlines keep the event loop from others: what is left then goes on in the next turn. */
const STEPPING_MS = 10

/** Deadlines that are called in one turn, at most. */
const DUE_PER_TURN = 1024

/** Items of all sources together that are taken in one turn: some milliseconds, however many sources have much to say. */
const ITEMS_PER_TURN = 1024

/**
 * Owns time for one sluice: what is stepped at the end of the turn, one list of deadlines behind one timer, and how late
 * the event loop runs.
 */
export class Scheduler {
  readonly runtime: Runtime
  /** How long a turn lasts until its end is reached: a moving average in milliseconds. */
  loopLagMs = 0
  /** Counts turns that had something to step. */
  turn = 0
  #dirty: Steppable[] = []
  #isTurnToEnd = false
  #stepping = false
  #stepMs = 0
  #deferredAtMs = 0
  readonly #deadlines: DeadlineList = new DeadlineList()
  #timerAtMs = Infinity
  #cancelTimer: (() => void) | undefined
  /** Deadlines are due: they wait for the end of the turn, when it is known what else has come in it. */
  #isDue = false
  /** Items that were taken in this turn. */
  #items = 0
  readonly #waiting: (() => void)[] = []
  /** Of those who wait, how many go on now: more while they leave room for others, fewer when they do not. */
  #share = 1
  readonly #next: Steppable = { dirty: false, step: () => this.#letOn() }
  readonly #runTurn = (): void => this.#stepAll()
  readonly #runTimer = (): void => this.#fire()

  readonly #keepAlive: boolean

  /** `keepAlive: false`: its deadlines alone are no reason for the process to go on. */
  constructor(runtime: Runtime, keepAlive = true) {
    this.runtime = runtime
    this.#keepAlive = keepAlive
  }

  /** The time; within a step of the scheduler, when that step began: what happens in one turn happens at one time. */
  now(): number {
    return this.#stepping ? this.#stepMs : this.runtime.now()
  }

  /** Steps `item` once at the end of this turn. */
  mark(item: Steppable): void {
    if (item.dirty) return
    item.dirty = true
    this.#dirty.push(item)
    if (!this.#isTurnToEnd) this.#endTurn()
  }

  /** Whether one more item of a source may be taken in this turn: if not, {@link nextTurn} is to be waited for. */
  takeItem(): boolean {
    return ++this.#items <= ITEMS_PER_TURN
  }

  /** Resolves at the end of this turn or a later one: lets the event loop serve others. First come, first served. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.mark(this.#next)
    })
  }

  /** Calls `deadline.due` at `atMs`; replaces an earlier appointment. `Infinity` calls it off. */
  schedule(deadline: Deadline, atMs: number): void {
    if (atMs === Infinity) {
      this.#deadlines.delete(deadline)
      if (this.#deadlines.size === 0) this.#disarm()
      return
    }
    this.#deadlines.set(deadline, atMs)
    if (atMs < this.#timerAtMs) this.#arm(atMs)
  }

  /** Calls off what was scheduled for `deadline`. */
  cancel(deadline: Deadline): void {
    this.schedule(deadline, Infinity)
  }

  /** Deadlines and steps still outstanding: 0 at quiescence. */
  get pending(): number {
    return this.#deadlines.size + this.#dirty.length
  }

  #letOn(): void {
    this.#share = this.#items < ITEMS_PER_TURN ? Math.min(2 * this.#share, ITEMS_PER_TURN) : this.#share >> 1 || 1
    this.#items = 0
    for (const goOn of this.#waiting.splice(0, this.#share)) goOn()
    if (this.#waiting.length > 0) this.mark(this.#next)
  }

  #endTurn(): void {
    this.#isTurnToEnd = true
    this.#deferredAtMs = this.runtime.now()
    this.runtime.defer(this.#runTurn)
  }

  #stepAll(): void {
    const dirty = this.#dirty
    this.#dirty = []
    this.#isTurnToEnd = false
    this.turn++
    this.#stepMs = this.runtime.now()
    this.loopLagMs += LAG_WEIGHT * (this.#stepMs - this.#deferredAtMs - this.loopLagMs)
    this.#stepping = true
    let stepped = 0
    try {
      while (stepped < dirty.length && this.#hasTime(stepped)) {
        const item = dirty[stepped++]!
        item.dirty = false
        item.step()
      }
      if (this.#waiting.length === 0) this.#items = 0
      if (this.#isDue) this.#callDue()
    } finally {
      this.#stepping = false
      // There are too many for one turn, or a step breaks its word and throws: those after it have the next turn.
      if (stepped < dirty.length) this.#putBack(dirty.slice(stepped))
      if (this.#isDue) this.#rearm()
    }
  }

  /** Whether this turn may go on, `done` things into it. One is done in any turn. */
  #hasTime(done: number): boolean {
    return done === 0 || this.runtime.now() - this.#stepMs < STEPPING_MS
  }

  #putBack(items: readonly Steppable[]): void {
    this.#dirty = [...items, ...this.#dirty]
    if (!this.#isTurnToEnd) this.#endTurn()
  }

  #arm(atMs: number): void {
    this.#cancelTimer?.()
    this.#timerAtMs = atMs
    this.#cancelTimer = this.runtime.after(Math.max(0, atMs - this.runtime.now()), this.#runTimer, this.#keepAlive)
  }

  #disarm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerAtMs = Infinity
  }

  #fire(): void {
    this.#cancelTimer = undefined
    this.#timerAtMs = Infinity
    this.#isDue = true
    if (!this.#isTurnToEnd) this.#endTurn()
  }

  #callDue(): void {
    const now = this.#stepMs
    const due: Deadline[] = []
    for (let first = this.#deadlines.earliest; first && first.atMs <= now; first = this.#deadlines.earliest) {
      if (due.length === DUE_PER_TURN) break
      this.#deadlines.delete(first)
      first.atMs = now
      due.push(first)
    }
    // One that an earlier one has called off or put off is left alone; what is scheduled now is for the next time.
    let called = 0
    try {
      while (called < due.length && this.#hasTime(called)) {
        const deadline = due[called++]!
        if (deadline.place !== -1 || deadline.atMs !== now) continue
        deadline.atMs = Infinity
        deadline.owner.due()
      }
    } finally {
      for (const deadline of due.slice(called)) if (deadline.atMs === now) this.#deadlines.set(deadline, now)
    }
  }

  #rearm(): void {
    this.#isDue = false
    const next = this.#deadlines.earliest
    if (next && next.atMs < this.#timerAtMs) this.#arm(next.atMs)
  }
}
