import type { Sink, WireBytes } from '@sluice/core/extend'
import type { Runtime } from '@sluice/core'

import { carried, type Line } from '../network/line.ts'
import type { Ledger } from './ledger.ts'

/** What the kernel takes before a socket makes its writer wait. */
const SEND_BUFFER_BYTES = 256 * 1024
/** `\r\n` before and after the body of an HTTP/1.1 chunk. */
const CHUNK_CRLF_BYTES = 4

/** Writes into a simulated line, and tells when what was written has arrived. */
export class LineSink implements Sink {
  /** Characters of text in what is written next. */
  nextChars = 0
  readonly #runtime: Runtime
  readonly #line: Line
  readonly #ledger: Ledger
  readonly #onArrived: (chars: number, isLast: boolean) => void
  #travelling = 0
  #drained: PromiseWithResolvers<void> | undefined
  #lastMs = 0

  constructor(runtime: Runtime, line: Line, ledger: Ledger, onArrived: (chars: number, isLast: boolean) => void) {
    this.#runtime = runtime
    this.#line = line
    this.#ledger = ledger
    this.#onArrived = onArrived
  }

  write(bytes: WireBytes): boolean {
    const chars = this.nextChars
    this.nextChars = 0
    const nowMs = this.#runtime.now()
    // What the simulated texts are made of takes a byte a character.
    const framed = bytes.length + bytes.length.toString(16).length + CHUNK_CRLF_BYTES
    const { packets, bytes: carriedBytes } = carried(framed)
    this.#ledger.sent(framed, packets, carriedBytes)
    this.#ledger.pass('written', chars, nowMs)
    this.#travelling += framed
    this.#lastMs = this.#line.arrivalMs(nowMs, carriedBytes)
    this.#runtime.after(this.#lastMs - nowMs, () => {
      this.#travelling -= framed
      this.#ledger.pass('arrived', chars, this.#runtime.now())
      this.#onArrived(chars, false)
      if (this.#travelling >= SEND_BUFFER_BYTES) return
      this.#drained?.resolve()
      this.#drained = undefined
    })
    return this.#travelling < SEND_BUFFER_BYTES
  }

  drained(): Promise<void> {
    return (this.#drained ??= Promise.withResolvers<void>()).promise
  }

  close(): void {
    this.#runtime.after(Math.max(0, this.#lastMs - this.#runtime.now()), () => this.#onArrived(0, true))
  }

  destroy(): void {
    this.close()
  }
}
