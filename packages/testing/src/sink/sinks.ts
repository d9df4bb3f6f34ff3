import type { Sink, WireBytes } from '@sluice/core/extend'
import { SinkLedger, type SinkRecord, wireSize } from './sink-ledger.ts'

/** A sink that takes everything at once. */
export interface CollectingSink extends Sink, SinkRecord {}

/** A sink whose peer reads only when told to. */
export interface StallingSink extends Sink, SinkRecord {
  /** Bytes taken that the peer has not read. */
  readonly queuedBytes: number
  /** The most that was ever queued. */
  readonly maxQueuedBytes: number
  /** True between a `write` that gave `false` and the moment the sink can take more. */
  readonly waiting: boolean
  /** True once it was closed and everything queued before was read. */
  readonly finished: boolean
  /** The peer reads `bytes` more: of what is queued, then of what will come. `Infinity`: it never stalls again. */
  release(bytes: number): void
}

/** A sink whose peer goes away. */
export interface FailingSink extends Sink, SinkRecord {
  /** True once the peer is gone. */
  readonly lost: boolean
}

class TestSink extends SinkLedger implements Sink {
  write(bytes: WireBytes): boolean {
    this.take(bytes)
    return true
  }

  close(): void {
    this.closed = true
    this.release()
  }

  destroy(): void {
    this.destroyed = true
    this.release()
  }
}

/**
 * Makes a sink that takes everything and remembers it.
 *
 * @example
 * ```ts
 * const sink = createCollectingSink()
 * sink.write('data: hello\n\n')
 * sink.text() // 'data: hello\n\n'
 * ```
 */
export function createCollectingSink(): CollectingSink {
  return new TestSink()
}

class Stalling extends TestSink implements StallingSink {
  queuedBytes = 0
  maxQueuedBytes = 0
  #acceptBytes: number

  constructor(acceptBytes: number) {
    super()
    this.#acceptBytes = acceptBytes
  }

  get finished(): boolean {
    return this.closed && !this.destroyed && this.queuedBytes === 0
  }

  override write(bytes: WireBytes): boolean {
    if (!this.take(bytes)) return true
    const readAtOnce = Math.min(this.#acceptBytes, wireSize(bytes))
    this.#acceptBytes -= readAtOnce
    this.queuedBytes += wireSize(bytes) - readAtOnce
    this.maxQueuedBytes = Math.max(this.maxQueuedBytes, this.queuedBytes)
    return this.#acceptBytes > 0 ? true : this.wait()
  }

  override release(bytes = 0): void {
    const read = Math.min(bytes, this.queuedBytes)
    this.queuedBytes -= read
    this.#acceptBytes += bytes - read
    if (this.#acceptBytes > 0 || !this.open) super.release()
  }

  override destroy(): void {
    this.queuedBytes = 0
    super.destroy()
  }
}

/**
 * Makes a sink whose peer reads `acceptBytes` and then nothing: from there on `write` gives `false`, until
 * {@link StallingSink.release}.
 *
 * @example
 * ```ts
 * const sink = createStallingSink({ acceptBytes: 4 })
 * sink.write('abcd') // false
 * sink.release(4) // settles sink.drained()
 * ```
 */
export function createStallingSink(options: { acceptBytes: number }): StallingSink {
  return new Stalling(options.acceptBytes)
}

class Failing extends TestSink implements FailingSink {
  #left: number
  readonly #onLost: () => void

  constructor(afterWrites: number, onLost: () => void) {
    super()
    this.#left = afterWrites
    this.#onLost = onLost
  }

  override write(bytes: WireBytes): boolean {
    if (this.open && this.#left-- <= 0) {
      this.lost = true
      this.wait()
      this.release()
      this.#onLost()
    }
    return this.take(bytes) || !this.lost
  }

  override drained(): Promise<void> {
    return this.lost ? Promise.resolve() : super.drained()
  }
}

/**
 * Makes a sink that takes `afterWrites` writes and then loses its peer: it calls `onLost` (pass the `lost` of the
 * connection it was given to), gives `false` for every write, and settles each `drained` at once.
 *
 * @example
 * ```ts
 * const sink = createFailingSink({ afterWrites: 2, onLost: () => connection.lost() })
 * ```
 */
export function createFailingSink(options: { afterWrites: number; onLost?: (() => void) | undefined }): FailingSink {
  return new Failing(options.afterWrites, options.onLost ?? (() => {}))
}
