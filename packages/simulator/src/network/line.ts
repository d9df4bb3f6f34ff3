import { type NetworkLink, travelTimeMs } from '@sluice/testing/network-link'

/** What TLS 1.3 adds to each record, and how much one carries at most. */
const RECORD_BYTES = 22
const RECORD_PAYLOAD = 16 * 1024
/** What IPv4 and TCP with timestamps add to each packet, and how much one carries. */
const PACKET_BYTES = 52
const PACKET_PAYLOAD = 1_448

/** What the way down costs beyond what was written. */
export interface Carried {
  readonly packets: number
  /** Everything that travels: what was written, TLS records, packet headers. */
  readonly bytes: number
}

/** What so many bytes become, written at once to a TLS connection. */
export function carried(written: number): Carried {
  const encrypted = written + Math.ceil(written / RECORD_PAYLOAD) * RECORD_BYTES
  const packets = Math.ceil(encrypted / PACKET_PAYLOAD)
  return { packets, bytes: encrypted + packets * PACKET_BYTES }
}

/** The way from server to client, in virtual time: what is lost comes later, and with it all that was sent after it. */
export class Line {
  readonly #link: NetworkLink
  readonly #random: () => number
  #lastMs = 0
  #freeMs = 0

  constructor(link: NetworkLink, random: () => number) {
    this.#link = link
    this.#random = random
  }

  /** When what is sent now has arrived as a whole. */
  arrivalMs(nowMs: number, bytes: number): number {
    const { down } = this.#link
    this.#freeMs = Math.max(nowMs, this.#freeMs) + (down ? (1_000 * bytes) / down : 0)
    this.#lastMs = Math.max(this.#lastMs, this.#freeMs + travelTimeMs(this.#link, bytes, this.#random))
    return this.#lastMs
  }
}
