import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import type { ChaosCutKind, SharedDirection, Travelling } from './chaos-conditions.ts'
import { travelTimeMs } from './travel-time.ts'

/** Bytes that may be on their way in one direction; beyond that the sender feels backpressure. */
const MAX_TRAVELLING_BYTES = 256 * 1024
/** How long a merging direction waits for more. */
const MERGE_LINGER_MS = 20
/** With limited bandwidth, how much leaves at once. */
const RATE_SLICE_MS = 20

/** One direction of one connection. */
export class ChaosLine {
  bytesForwarded = 0
  readonly #from: Socket
  readonly #to: Socket
  readonly #shared: SharedDirection
  readonly #random: () => number
  readonly #cut: (how: ChaosCutKind) => void
  #travelling: Travelling[] = []
  #travellingBytes = 0
  #lastDataMs = 0
  #freeAtMs = 0
  #senderEnd: 'fin' | 'rst' | undefined
  #stopped = false
  #countedCut: SharedDirection['cut']
  #bytesTowardsCut = 0
  #wake: (() => void) | undefined

  constructor(
    sockets: { from: Socket; to: Socket },
    shared: SharedDirection,
    random: () => number,
    cut: (how: ChaosCutKind) => void,
  ) {
    this.#from = sockets.from
    this.#to = sockets.to
    this.#shared = shared
    this.#random = random
    this.#cut = cut
    this.#from.on('data', (bytes: Buffer) => this.#receive(bytes))
    this.#from.on('end', () => this.#senderEnded('fin'))
    this.#from.on('error', () => this.#senderEnded('rst'))
    this.#to.on('close', () => this.poke())
    this.poke()
    void this.#run()
  }

  /** Says that something has changed: conditions, a pause, a socket. */
  poke(): void {
    this.#regulate()
    this.#wake?.()
  }

  /** Forwards nothing from now on: what the sender says gets lost. */
  stop(): void {
    this.#stopped = true
    this.poke()
  }

  get #halted(): boolean {
    return this.#shared.paused || this.#shared.blackholed
  }

  #receive(bytes: Buffer): void {
    if (this.#stopped) return
    const swallow = this.#shared.swallows.shift()
    if (swallow) {
      swallow.swallowed(bytes)
      if (swallow.thenCut) this.#cut(swallow.thenCut)
      return
    }
    this.#lastDataMs = performance.now()
    const dueMs = this.#lastDataMs + travelTimeMs(this.#shared.conditions, bytes.length, this.#random)
    this.#travelling.push({ bytes, dueMs: Math.max(dueMs, this.#travelling.at(-1)?.dueMs ?? 0) })
    this.#travellingBytes += bytes.length
    this.poke()
  }

  #senderEnded(how: 'fin' | 'rst'): void {
    this.#senderEnd = how
    this.poke()
  }

  #regulate(): void {
    const full = this.#travellingBytes >= MAX_TRAVELLING_BYTES
    if (!this.#stopped && (this.#halted || full)) this.#from.pause()
    else this.#from.resume()
  }

  async #run(): Promise<void> {
    while (!this.#stopped && !this.#to.destroyed) {
      const waitMs = this.#waitMs()
      if (waitMs > 0) await this.#sleep(waitMs)
      else if (this.#travelling.length > 0) await this.#forward()
      else return this.#tellEnd()
    }
    this.#stopped = true
    this.#travelling = []
    this.#regulate()
  }

  #tellEnd(): void {
    if (this.#senderEnd === 'fin') this.#to.end()
    else this.#to.resetAndDestroy()
  }

  #waitMs(): number {
    if (this.#halted) return Infinity
    const first = this.#travelling[0]
    if (!first) return this.#senderEnd ? 0 : Infinity
    const { merge = 0 } = this.#shared.conditions
    const gathering = this.#travellingBytes < Math.min(merge, MAX_TRAVELLING_BYTES) && !this.#senderEnd
    const gatheredMs = gathering ? this.#lastDataMs + MERGE_LINGER_MS : 0
    const dueMs = merge > 0 ? this.#travelling.at(-1)!.dueMs : first.dueMs
    return Math.max(dueMs, gatheredMs, this.#freeAtMs) - performance.now()
  }

  async #forward(): Promise<void> {
    const { split, bytesPerSecond } = this.#shared.conditions
    const { bytes, cut } = this.#limitToCut(this.#take())
    if (bytes.length > 0) await new Promise<void>((resolve) => void this.#to.write(bytes, () => resolve()))
    this.bytesForwarded += bytes.length
    if (bytesPerSecond) {
      this.#freeAtMs = Math.max(this.#freeAtMs, performance.now()) + (bytes.length / bytesPerSecond) * 1000
    }
    // Gives the receiver a turn to read each segment alone.
    if (split || cut) await new Promise<void>((resolve) => void setImmediate(resolve))
    if (cut) this.#cut(cut)
    this.#regulate()
  }

  /** Takes what travels together off the queue. */
  #take(): Buffer {
    const { merge, split, bytesPerSecond } = this.#shared.conditions
    if (merge && this.#travelling.length > 1) {
      const { dueMs } = this.#travelling.at(-1)!
      this.#travelling = [{ bytes: Buffer.concat(this.#travelling.map(({ bytes }) => bytes)), dueMs }]
    }
    const first = this.#travelling[0]!
    const rated = bytesPerSecond ? Math.ceil((bytesPerSecond * RATE_SLICE_MS) / 1000) : Infinity
    const taken = first.bytes.subarray(0, Math.min(rated, split || Infinity, merge || Infinity))
    if (taken.length === first.bytes.length) this.#travelling.shift()
    else first.bytes = first.bytes.subarray(taken.length)
    this.#travellingBytes -= taken.length
    return taken
  }

  #limitToCut(bytes: Buffer): { bytes: Buffer; cut: ChaosCutKind | undefined } {
    const { cut } = this.#shared
    if (cut !== this.#countedCut) {
      this.#countedCut = cut
      this.#bytesTowardsCut = 0
    }
    if (!cut) return { bytes, cut: undefined }
    const left = cut.afterBytes - this.#bytesTowardsCut
    this.#bytesTowardsCut += bytes.length
    if (bytes.length < left) return { bytes, cut: undefined }
    if (!cut.every) this.#shared.cut = undefined
    return { bytes: bytes.subarray(0, Math.max(0, left)), cut: cut.how }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms < Infinity ? setTimeout(() => this.#wake?.(), Math.ceil(ms)) : undefined
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }
}
