import { Deadline } from '../clock/deadlines.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import { SluiceError } from '../events/errors.ts'
import { DEFAULT_BODY_OPTIONS, type ResolvedBodyOptions } from './body-options.ts'

/** A body that is being received. */
export interface ArrivingBody {
  /** Counts a piece that has come; false when the body has been refused, now or before: the piece is to be dropped. */
  take(bytes: number): boolean
  /** The body is there, or given up: it counts no more. Idempotent. */
  close(): void
}

/**
 * Counts what all the bodies that are being received hold, and looks that they come. When there is too much, the largest one
 * has to go: who sends little is served however many send a lot.
 */
export class Bodies {
  /** Its bounds, and what JSON may consist of. */
  readonly options: ResolvedBodyOptions
  readonly #scheduler: Scheduler
  readonly #arriving: Set<Arriving> = new Set()
  #bytes = 0

  constructor(scheduler: Scheduler, options: ResolvedBodyOptions = DEFAULT_BODY_OPTIONS) {
    this.#scheduler = scheduler
    this.options = options
  }

  /** What is held now. */
  get bytes(): number {
    return this.#bytes
  }

  /** A body begins to arrive. `refuse` is called, at most once, when it has to be given up: it counts no more then. */
  open(refuse: (error: SluiceError) => void): ArrivingBody {
    const begunMs = this.#scheduler.now()
    const { graceMs } = this.options
    const body: Arriving = {
      bytes: 0,
      deadline: new Deadline({
        due: () => {
          const untilMs = begunMs + graceMs + (1_000 * body.bytes) / this.options.bytesPerSecond
          if (untilMs > this.#scheduler.now()) this.#scheduler.schedule(body.deadline, untilMs)
          else this.#refuse(body, tooSlow(this.options))
        },
      }),
      refuse,
    }
    this.#arriving.add(body)
    this.#scheduler.schedule(body.deadline, begunMs + graceMs)
    return { take: (bytes) => this.#take(body, bytes), close: () => this.#close(body) }
  }

  #take(body: Arriving, bytes: number): boolean {
    if (!this.#arriving.has(body)) return false
    body.bytes += bytes
    this.#bytes += bytes
    while (this.#bytes > this.options.totalBytes && this.#arriving.size > 1) {
      this.#refuse(this.#largest(body), tooMuch(this.options))
    }
    return this.#arriving.has(body)
  }

  /** Of several that are alike, the one that has brought the latest piece. */
  #largest(latest: Arriving): Arriving {
    let largest = latest
    for (const body of this.#arriving) if (body.bytes > largest.bytes) largest = body
    return largest
  }

  #refuse(body: Arriving, error: SluiceError): void {
    this.#close(body)
    body.refuse(error)
  }

  #close(body: Arriving): void {
    if (!this.#arriving.delete(body)) return
    this.#bytes -= body.bytes
    this.#scheduler.cancel(body.deadline)
  }
}

interface Arriving {
  bytes: number
  readonly deadline: Deadline
  readonly refuse: (error: SluiceError) => void
}

function tooMuch({ totalBytes }: ResolvedBodyOptions): SluiceError {
  const message = `Too much is being sent at once: all bodies together may have ${totalBytes} bytes, which is what bodies.totalBytes allows; try again later.`
  return new SluiceError('SLUICE_ERR_OVERLOADED', message, { retryAfterMs: 1_000 })
}

function tooSlow({ graceMs, bytesPerSecond }: ResolvedBodyOptions): SluiceError {
  const message = `The body comes too slowly: after bodies.graceMs (${graceMs} ms) it must have brought bodies.bytesPerSecond (${bytesPerSecond}).`
  return new SluiceError('SLUICE_ERR_TIMEOUT', message, { status: 408 })
}
