import { joinBytes, type WireBytes } from '@sluice/core/extend'

/** What a test sink has seen, and whether its writer kept to the contract of `Sink`. */
export interface SinkRecord {
  /** Everything taken, one entry per write, in order. Bytes are copied at the write. */
  readonly writes: readonly WireBytes[]
  /** Size of everything taken, in bytes of UTF-8. */
  readonly bytesWritten: number
  /** True once `close` was called. */
  readonly closed: boolean
  /** True once `destroy` was called. */
  readonly destroyed: boolean
  /** Writes done while the sink had asked to wait. Must be 0. */
  readonly writesWhileWaiting: number
  /** Writes dropped because the sink was closed, destroyed or lost: lawful, but nobody gets them. */
  readonly writesAfterClose: number
  /** Times `drained` was asked for though no `write` had given `false`. Must be 0. */
  readonly needlessDrains: number
  /** Everything taken, as text. */
  text(): string
  /** Everything taken, as bytes. */
  bytes(): Uint8Array
  /** Throws when the writer broke the contract: wrote while it had to wait, or waited without a reason. */
  assertContract(): void
}

/** Size of `bytes` as it goes over the wire. */
export function wireSize(bytes: WireBytes): number {
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes).length : bytes.length
}

/** The bookkeeping that all test sinks share. */
export class SinkLedger implements SinkRecord {
  readonly writes: WireBytes[] = []
  bytesWritten = 0
  closed = false
  destroyed = false
  /** True when the peer is gone without having been told to go. */
  lost = false
  writesWhileWaiting = 0
  writesAfterClose = 0
  needlessDrains = 0
  #waiting = false
  #drainOwed = false
  #release: (() => void)[] = []

  get open(): boolean {
    return !this.closed && !this.destroyed && !this.lost
  }

  /** True from a `write` that gave `false` until the sink can take more. */
  get waiting(): boolean {
    return this.#waiting
  }

  /** Records a write; false when it is dropped. */
  take(bytes: WireBytes): boolean {
    if (!this.open) {
      this.writesAfterClose++
      return false
    }
    if (this.#waiting) this.writesWhileWaiting++
    this.writes.push(typeof bytes === 'string' ? bytes : bytes.slice())
    this.bytesWritten += wireSize(bytes)
    return true
  }

  /** Asks the writer to wait: the answer of `write`. */
  wait(): false {
    this.#waiting = true
    this.#drainOwed = true
    return false
  }

  /** Lets a waiting writer go on. */
  release(): void {
    this.#waiting = false
    for (const resolve of this.#release.splice(0)) resolve()
  }

  drained(): Promise<void> {
    if (!this.#drainOwed) this.needlessDrains++
    if (!this.#waiting) {
      this.#drainOwed = false
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      this.#release.push(() => {
        this.#drainOwed = false
        resolve()
      })
    })
  }

  text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.bytes())
  }

  bytes(): Uint8Array {
    return joinBytes(this.writes.map((write) => (typeof write === 'string' ? new TextEncoder().encode(write) : write)))
  }

  assertContract(): void {
    const broken: string[] = []
    if (this.writesWhileWaiting > 0) broken.push(`${this.writesWhileWaiting} writes while it had asked to wait`)
    if (this.needlessDrains > 0) broken.push(`${this.needlessDrains} waits for a drain that no write had asked for`)
    if (broken.length > 0) throw new Error(`The sink's writer broke the contract: ${broken.join(', ')}`)
  }
}
