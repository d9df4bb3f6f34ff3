import { Deadline } from './deadlines.ts'
import type { Hub } from './hub.ts'
import type { ClosedCode } from './notice.ts'
import type { ResolvedReaderOptions } from './reader-options.ts'
import type { Sink, WireBytes } from './sink.ts'

/** A reading that is carried by a connection. */
export interface Carried {
  /** The sink can take more. */
  writable(): void
  /** The connection is gone, or going: this reading is over. */
  detached(code: ClosedCode | undefined): void
  /** Something of this reading's own threw: it cannot go on. */
  failed(error: unknown): void
}

/** How a transport uses its connections. */
export interface ConnectionHabits {
  /** What keeps the connection alive and means nothing. */
  heartbeat: () => WireBytes
  /** True where a connection serves one reading and closes with it. */
  closeWhenEmpty: boolean
}

/** Part of the heartbeat interval by which it varies, so that a thousand connections do not beat together. */
const HEARTBEAT_JITTER = 0.1

/**
 * What belongs to a socket rather than to a stream: whether it takes more, heartbeats while it is silent, the stall
 * deadline while it makes us wait, the grace in which a closing one may send what is queued.
 */
export class Connection {
  state: 'open' | 'waiting' | 'closing' | 'closed' = 'open'
  readonly #hub: Hub
  readonly #sink: Sink
  readonly #options: ResolvedReaderOptions
  readonly #heartbeat: () => WireBytes
  readonly #closeWhenEmpty: boolean
  readonly #heartbeatMs: number
  readonly #carried: Set<Carried> = new Set()
  readonly #deadline: Deadline = new Deadline(() => this.#due())
  #lastWriteMs: number
  /** Wire bytes and writes so far. */
  bytesWritten = 0
  writes = 0

  constructor(hub: Hub, sink: Sink, options: ResolvedReaderOptions, habits: ConnectionHabits) {
    this.#hub = hub
    this.#sink = sink
    this.#options = options
    this.#heartbeat = habits.heartbeat
    this.#closeWhenEmpty = habits.closeWhenEmpty
    const spread = 1 - HEARTBEAT_JITTER + Math.random() * 2 * HEARTBEAT_JITTER
    this.#heartbeatMs = options.heartbeatMs === false ? Infinity : options.heartbeatMs * spread
    this.#lastWriteMs = hub.now()
    this.#watchSilence()
  }

  carry(reading: Carried): void {
    this.#carried.add(reading)
  }

  /** A reading is over. A connection that was opened for its readings closes with the last one. */
  drop(reading: Carried): void {
    this.#carried.delete(reading)
    if (this.#closeWhenEmpty && this.#carried.size === 0) this.close()
  }

  /** Writes while open. Afterwards `state` says whether the sink asked to wait. */
  write(bytes: WireBytes): void {
    if (this.state !== 'open') return
    if (bytes.length === 0) return
    this.#lastWriteMs = this.#hub.now()
    this.writes++
    this.bytesWritten += bytes.length
    let ready: boolean
    try {
      ready = this.#sink.write(bytes)
    } catch {
      // A sink that breaks its word must not take the hub, and every other reader, with it.
      return this.abort()
    }
    if (!ready && this.state === 'open') this.#wait()
  }

  /** All is written: the transport closes once it has sent it, and is destroyed if it cannot. */
  close(): void {
    if (this.state === 'closing' || this.state === 'closed') return
    this.state = 'closing'
    this.#detachAll(undefined)
    this.#hub.schedule(this.#deadline, this.#hub.now() + this.#options.closeGraceMs)
    this.#sink.close()
  }

  /** Cuts the connection: what was sent must not look complete. */
  abort(): void {
    if (this.state === 'closed') return
    this.#sink.destroy()
    this.lost()
  }

  /** The adapter says that the transport is gone, however it went. Idempotent. */
  lost(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.#hub.cancel(this.#deadline)
    this.#detachAll(undefined)
  }

  #wait(): void {
    this.state = 'waiting'
    const { stallMs } = this.#options
    this.#hub.schedule(this.#deadline, stallMs === false ? Infinity : this.#hub.now() + stallMs)
    void this.#sink.drained().then(
      () => this.#drained(),
      () => this.#drained(),
    )
  }

  #drained(): void {
    if (this.state !== 'waiting') return
    this.state = 'open'
    this.#watchSilence()
    for (const reading of this.#carried) reading.writable()
  }

  #watchSilence(): void {
    this.#hub.schedule(this.#deadline, this.#lastWriteMs + this.#heartbeatMs)
  }

  #due(): void {
    if (this.state === 'open') this.#beat()
    else if (this.state === 'waiting') this.#stalled()
    else this.abort()
  }

  #beat(): void {
    try {
      if (this.#hub.now() >= this.#lastWriteMs + this.#heartbeatMs) this.write(this.#heartbeat())
    } catch (error) {
      for (const reading of [...this.#carried]) reading.failed(error)
      return this.abort()
    }
    if (this.state === 'open') this.#watchSilence()
  }

  /** Nothing can be said to a peer that does not read; what is queued may still reach it. */
  #stalled(): void {
    this.#detachAll('stalled')
    this.close()
  }

  #detachAll(code: ClosedCode | undefined): void {
    const carried = [...this.#carried]
    this.#carried.clear()
    for (const reading of carried) reading.detached(code)
  }
}
