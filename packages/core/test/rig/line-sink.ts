import type { Runtime } from '@sluice/core'
import type { Connection, Sink, WireBytes } from '@sluice/core/extend'

/** How the peer of a sink reads: `bytes` every `everyMs`, out of a queue that asks to wait at `queueBytes`. */
export interface PeerSpeed {
  queueBytes: number
  bytes: number
  everyMs: number
}

/** A sink over a slow peer and a network that may go away. Counts what its writer must never do. */
export class LineSink implements Sink {
  /** Set once the delivery has begun; a loss before that is reported then. */
  #connection: Connection | undefined
  readonly #runtime: Runtime
  readonly #speed: PeerSpeed | undefined
  readonly #written: Uint8Array[] = []
  readonly #writtenAtMs: number[] = []
  bytesWritten = 0
  bytesRead = 0
  maxQueued = 0
  largestWrite = 0
  writes = 0
  writesWhileWaiting = 0
  writesAfterClose = 0
  waiting = false
  state: 'open' | 'closing' | 'closed' | 'destroyed' | 'lost' = 'open'
  /** Called after each write; it may drop the connection. */
  onWrite: () => void = () => {}
  onOver: () => void = () => {}
  #drained: (() => void)[] = []
  #reading = false

  constructor(runtime: Runtime, speed?: PeerSpeed) {
    this.#runtime = runtime
    this.#speed = speed
  }

  get queued(): number {
    return this.bytesWritten - this.bytesRead
  }

  /** Where the connection is reported lost. */
  join(connection: Connection): void {
    this.#connection = connection
    if (this.state === 'lost') connection.lost()
  }

  write(bytes: WireBytes): boolean {
    if (this.state !== 'open') {
      this.writesAfterClose++
      return true
    }
    if (this.waiting) this.writesWhileWaiting++
    const raw = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes.slice()
    this.writes++
    this.#written.push(raw)
    this.#writtenAtMs.push(this.#runtime.now())
    this.bytesWritten += raw.length
    this.largestWrite = Math.max(this.largestWrite, raw.length)
    if (!this.#speed) this.bytesRead = this.bytesWritten
    this.maxQueued = Math.max(this.maxQueued, this.queued)
    this.#read()
    if (this.#speed && this.queued >= this.#speed.queueBytes) this.waiting = true
    this.onWrite()
    return !this.waiting
  }

  drained(): Promise<void> {
    return this.waiting ? new Promise((resolve) => this.#drained.push(resolve)) : Promise.resolve()
  }

  close(): void {
    if (this.state !== 'open') return
    this.state = 'closing'
    this.#settle()
    if (this.queued === 0) this.#finish()
  }

  destroy(): void {
    if (this.state === 'destroyed' || this.state === 'closed' || this.state === 'lost') return
    this.state = 'destroyed'
    this.#settle()
    this.onOver()
  }

  /** The network goes: nothing more arrives, and the adapter says so. */
  drop(): void {
    if (this.state === 'closed' || this.state === 'destroyed' || this.state === 'lost') return
    this.state = 'lost'
    this.#settle()
    this.#connection?.lost()
    this.onOver()
  }

  /** Every write as text, with its time. */
  get written(): { atMs: number; text: string }[] {
    return this.#written.map((bytes, index) => ({
      atMs: this.#writtenAtMs[index]!,
      text: new TextDecoder().decode(bytes),
    }))
  }

  /** What the peer has read, without the last `missing` bytes. */
  received(missing = 0): string {
    const all = Buffer.concat(this.#written).subarray(0, Math.max(0, this.bytesRead - missing))
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(all)
  }

  #read(): void {
    const speed = this.#speed
    if (!speed || this.#reading || this.queued === 0 || speed.everyMs === Infinity) return
    this.#reading = true
    this.#runtime.after(speed.everyMs, () => {
      this.#reading = false
      if (this.state !== 'open' && this.state !== 'closing') return
      this.bytesRead += Math.min(speed.bytes, this.queued)
      if (this.waiting && this.queued <= speed.queueBytes / 2) this.#settle()
      if (this.state === 'closing' && this.queued === 0) this.#finish()
      else this.#read()
    })
  }

  #settle(): void {
    this.waiting = false
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  #finish(): void {
    this.state = 'closed'
    this.#runtime.defer(() => {
      this.#connection?.lost()
      this.onOver()
    })
  }
}
