import { SluiceError } from '../events/errors.ts'

/** Starts that wait for their store, and whether this process begins anything any more. */
export class Starts {
  draining = false
  readonly #underWay: Set<Promise<unknown>> = new Set()

  /** A start, which is known to be under way until it has settled; given back as it is: its source speaks already. */
  track<Begun>(start: Promise<Begun>): Promise<Begun> {
    this.#underWay.add(start)
    const over = (): void => void this.#underWay.delete(start)
    start.then(over, over)
    return start
  }

  /** @throws SluiceError `SLUICE_ERR_DRAINING` */
  requireOpen(): void {
    if (!this.draining) return
    throw new SluiceError('SLUICE_ERR_DRAINING', 'This process is shutting down; start the stream elsewhere.', {
      retryAfterMs: 1_000,
    })
  }

  /** Settles when none is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
  }
}
