import type { ConnectionOptions, ConnectionReading, ConnectionTimes } from './connection-reading.ts'
import { Deadline, type Due } from '../clock/deadlines.ts'
import { withOneMore } from '../log/small-set.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import type { Sink, WireBytes } from './sink.ts'

const NOTHING: readonly never[] = []

/** Part of the heartbeat interval by which it varies, so that a thousand connections do not beat together. */
const HEARTBEAT_JITTER = 0.1

/**
 * What belongs to a socket rather than to a stream: whether it takes more, heartbeats while it is silent, the stall
 * deadline while it makes us wait, the grace in which a closing one may send what is queued.
 */
export class Connection implements Due {
  state: 'open' | 'waiting' | 'parting' | 'closing' | 'closed' = 'open'
  readonly #scheduler: Scheduler
  readonly #sink: Sink
  readonly #times: ConnectionTimes
  readonly #beatMaker: ConnectionOptions['beat']
  readonly #onFault: ConnectionOptions['onFault']
  readonly #closeWhenEmpty: boolean
  readonly #heartbeatMs: number
  /** Mostly one; replaced, never changed. */
  #carried: readonly ConnectionReading[] = NOTHING
  /** What is yet to be said to a peer that makes us wait. */
  #farewells: readonly WireBytes[] = NOTHING
  readonly #deadline: Deadline = new Deadline(this)
  #lastWriteMs: number
  #served = 0

  constructor(scheduler: Scheduler, sink: Sink, times: ConnectionTimes, options: ConnectionOptions) {
    this.#scheduler = scheduler
    this.#sink = sink
    this.#times = times
    this.#beatMaker = options.beat
    this.#onFault = options.onFault
    this.#closeWhenEmpty = options.closeWhenEmpty
    const spread = 1 - HEARTBEAT_JITTER + Math.random() * 2 * HEARTBEAT_JITTER
    this.#heartbeatMs = times.heartbeatMs === false ? Infinity : times.heartbeatMs * spread
    this.#lastWriteMs = scheduler.now()
    this.#watchSilence()
  }

  /** Others have their turn after each write. */
  get shared(): boolean {
    return this.#carried.length > 1
  }

  /** Whether it was opened for its readings, of which there is one left: what is cut is nobody else's. */
  get isOfOneReading(): boolean {
    return this.#closeWhenEmpty && this.#carried.length <= 1
  }

  /** A reading has written: gives its place in the order of those that have. */
  serve(): number {
    return ++this.#served
  }

  /** `false`: the connection is gone, or going, and takes nobody any more. */
  carry(reading: ConnectionReading): boolean {
    if (this.state !== 'open' && this.state !== 'waiting') return false
    this.#carried = withOneMore(this.#carried, reading)
    return true
  }

  /** A reading is over. A connection that was opened for its readings closes with the last one. */
  drop(reading: ConnectionReading): void {
    this.#carried = this.#carried.filter((other) => other !== reading)
    if (this.#closeWhenEmpty && this.#carried.length === 0) this.close()
  }

  /**
   * A reading is over before its stream's end, and the peer is told so as soon as it takes more: bytes that were queued
   * would otherwise be followed by nothing, or by a close that looks like an end.
   */
  part(reading: ConnectionReading, farewell: WireBytes): void {
    if (this.state === 'open') this.write(farewell)
    else if (this.state === 'waiting') this.#farewells = [...this.#farewells, farewell]
    this.drop(reading)
  }

  /** Writes while open. Afterwards `state` says whether the sink asked to wait. */
  write(bytes: WireBytes): void {
    if (this.state !== 'open') return
    if (bytes.length === 0) return
    this.#lastWriteMs = this.#scheduler.now()
    let ready: boolean
    try {
      ready = this.#sink.write(bytes)
    } catch {
      // A sink that breaks its word must not take the scheduler, and every other reader, with it.
      return this.abort()
    }
    if (!ready && this.state === 'open') this.#wait()
  }

  /** All is written: the transport closes once it has sent it, and is destroyed if it cannot. */
  close(): void {
    if (this.state !== 'open' && this.state !== 'waiting') return
    const parting = this.state === 'waiting' && this.#farewells.length > 0
    this.state = parting ? 'parting' : 'closing'
    this.#detachAll()
    // One grace for all that is left to be sent, whether or not the sink has asked to wait.
    this.#scheduler.schedule(this.#deadline, this.#scheduler.now() + this.#times.closeGraceMs)
    if (!parting) this.#closeSink()
  }

  /** Cuts the connection: what was sent must not look complete. */
  abort(): void {
    if (this.state === 'closed') return
    try {
      this.#sink.destroy()
    } catch {
      // Contract 13: it is given up on in any case.
    }
    this.lost()
  }

  /** The adapter says that the transport is gone, however it went. Idempotent. */
  lost(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.#scheduler.cancel(this.#deadline)
    this.#detachAll()
  }

  #wait(): void {
    this.state = 'waiting'
    const { stallMs } = this.#times
    this.#scheduler.schedule(this.#deadline, stallMs === false ? Infinity : this.#scheduler.now() + stallMs)
    try {
      void this.#sink.drained().then(
        () => this.#drained(),
        () => this.#drained(),
      )
    } catch {
      this.abort()
    }
  }

  #closeSink(): void {
    try {
      this.#sink.close()
    } catch {
      this.abort()
    }
  }

  #drained(): void {
    if (this.state === 'parting') return this.#sayFarewell()
    if (this.state !== 'waiting') return
    this.state = 'open'
    this.#watchSilence()
    // The peer may make us wait again after each: what is left is said then.
    while (this.state === 'open' && this.#farewells.length > 0) {
      const [farewell, ...rest] = this.#farewells
      this.#farewells = rest
      this.write(farewell!)
    }
    this.#order()
    for (const reading of this.#carried) reading.writable()
  }

  /** Whoever writes first may fill the sink alone: that is whoever was served longest ago. */
  #order(): void {
    if (this.shared) this.#carried = this.#carried.toSorted((a, b) => (a.servedAt ?? 0) - (b.servedAt ?? 0))
  }

  #watchSilence(): void {
    this.#scheduler.schedule(this.#deadline, this.#lastWriteMs + this.#heartbeatMs)
  }

  /** Whatever the state waits for is due. */
  due(): void {
    if (this.state === 'open') this.#beat()
    else if (this.state === 'waiting') this.#stalled()
    else this.abort()
  }

  #beat(): void {
    try {
      if (this.#scheduler.now() >= this.#lastWriteMs + this.#heartbeatMs) {
        this.write(this.#beatMaker.heartbeat())
        // Also where it has nothing to send: that is what it has to say for this time.
        this.#lastWriteMs = this.#scheduler.now()
      }
    } catch (error) {
      if (this.isOfOneReading) return this.#failed(error)
      // It is no reading's own: those that share the connection go on, and it is asked again after the next silence.
      this.#lastWriteMs = this.#scheduler.now()
      this.#onFault?.(error)
    }
    if (this.state === 'open') this.#watchSilence()
  }

  #failed(error: unknown): void {
    for (const reading of this.#carried) reading.failed(error)
    this.abort()
  }

  #sayFarewell(): void {
    this.state = 'closing'
    try {
      // Past what the sink has asked for, if need be: it is little, and nothing follows it.
      for (const farewell of this.#farewells) this.#sink.write(farewell)
      this.#sink.close()
    } catch {
      this.abort()
    }
  }

  #stalled(): void {
    for (const reading of this.#carried) reading.stalled()
    this.close()
  }

  #detachAll(): void {
    const carried = this.#carried
    this.#carried = NOTHING
    for (const reading of carried) reading.detached()
  }
}
