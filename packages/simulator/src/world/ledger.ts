import type { Trace } from '../trace/trace.ts'

/** Where a token passes. */
export type Station = 'written' | 'arrived' | 'painted'

/** When each token of a stream passed each station. Stations count characters: tokens may be merged on their way, and cut. */
export class Ledger {
  readonly trace: Trace
  readonly times: Readonly<Record<Station, Float64Array>>
  readonly paints: number[] = []
  /** The most characters that the server held at a time, and the most between arrival and paint. */
  heldByServer = 0
  heldByClient = 0
  chunks = 0
  packets = 0
  /** Wire bytes as written, and with all that travels with them. */
  writtenBytes = 0
  carriedBytes = 0
  readonly #ends: Float64Array
  readonly #passed = { written: 0, arrived: 0, painted: 0 }
  readonly #tokens = { written: 0, arrived: 0, painted: 0 }
  #yielded = 0

  constructor(trace: Trace) {
    this.trace = trace
    const tokens = trace.atMs.length
    this.#ends = new Float64Array(tokens)
    let end = 0
    for (let token = 0; token < tokens; token++) this.#ends[token] = end += trace.chars[token]!
    const column = (): Float64Array => new Float64Array(tokens).fill(NaN)
    this.times = { written: column(), arrived: column(), painted: column() }
  }

  get chars(): number {
    return this.#ends.at(-1) ?? 0
  }

  get complete(): boolean {
    return this.#tokens.painted === this.#ends.length
  }

  /** The source gave so many characters. */
  yielded(chars: number): void {
    this.#yielded += chars
    this.heldByServer = Math.max(this.heldByServer, this.#yielded - this.#passed.written)
  }

  /** So many characters pass a station. */
  pass(station: Station, chars: number, nowMs: number): void {
    const times = this.times[station]
    const passed = (this.#passed[station] += chars)
    while (this.#ends[this.#tokens[station]]! <= passed) times[this.#tokens[station]++] = nowMs
    if (station === 'painted') this.paints.push(nowMs)
    else if (station === 'arrived') this.heldByClient = Math.max(this.heldByClient, passed - this.#passed.painted)
  }

  /** So many bytes were written at once. */
  sent(bytes: number, packets: number, carriedBytes: number): void {
    this.chunks++
    this.packets += packets
    this.writtenBytes += bytes
    this.carriedBytes += carriedBytes
  }
}
