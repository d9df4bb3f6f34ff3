import { Line } from '@sluice/simulator'
import type { NetworkLink } from '@sluice/testing/network-link'

/** One simulated connection: what is sent on it comes later, in its order, until it is cut. */
export class Connection {
  readonly #linkNow: () => NetworkLink
  readonly #cut = new AbortController()
  #link: NetworkLink
  #line: Line
  #before: Promise<void> = Promise.resolve()

  constructor(linkNow: () => NetworkLink) {
    this.#linkNow = linkNow
    this.#link = linkNow()
    this.#line = new Line(this.#link, Math.random)
  }

  /** Aborts when the connection is lost. */
  get lost(): AbortSignal {
    return this.#cut.signal
  }

  cut(): void {
    this.#cut.abort(new TypeError('The simulated connection was cut.'))
  }

  /** Settles when so many bytes have arrived that are sent now, and all that was sent before them. Rejects when the connection is lost. */
  arrival(bytes: number): Promise<void> {
    const nowMs = performance.now()
    const link = this.#linkNow()
    if (link !== this.#link) {
      this.#link = link
      this.#line = new Line(link, Math.random)
    }
    const dueMs = this.#line.arrivalMs(nowMs, bytes)
    this.#before = Promise.all([this.#before, this.#sleep(dueMs - nowMs)]).then(() => undefined)
    // Who waits is told; where nobody does, nothing is amiss.
    this.#before.catch(() => undefined)
    return this.#before
  }

  #sleep(ms: number): Promise<void> {
    const { lost } = this
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        clearTimeout(timer)
        reject(lost.reason as Error)
      }
      const timer = setTimeout(() => {
        lost.removeEventListener('abort', fail)
        resolve()
      }, ms)
      if (lost.aborted) fail()
      else lost.addEventListener('abort', fail, { once: true })
    })
  }
}
