import type { ServerResponse } from 'node:http'

import { pageTokenOf } from './page-tokens.ts'

/** What had left a server's process up to a time, by the machine's clock: bytes of event streams, and how far the text is in them. */
export interface Departure {
  readonly atMs: number
  readonly bytes: number
  readonly chars: number
}

const ID = /^id: \w+\.\d+\.(\d+)$/gm

/** A page's stream as it leaves, over one response or, where the client attaches anew, over several: a write counts once the kernel has it. */
export class Departures {
  readonly all: Departure[] = []
  /** Characters of the text up to each event. */
  readonly #chars: number[] = [0]
  #bytes = 0

  /** The same response, whose writes are noted. */
  of(response: ServerResponse): ServerResponse {
    const write = response.write.bind(response) as (chunk: string | Uint8Array, left: () => void) => boolean
    response.write = (chunk: string | Uint8Array): boolean => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')
      return write(chunk, () => this.#left(text))
    }
    return response
  }

  #left(events: string): void {
    const seq = lastSeqIn(events)
    if (seq === undefined) return
    this.#bytes += events.length
    this.all.push({ atMs: performance.timeOrigin + performance.now(), bytes: this.#bytes, chars: this.#charsUpTo(seq) })
  }

  /** An event a token, from the first on. */
  #charsUpTo(seq: number): number {
    for (let next = this.#chars.length; next <= seq; next++) {
      this.#chars.push(this.#chars[next - 1]! + pageTokenOf(next - 1).length)
    }
    return this.#chars[seq]!
  }
}

/** The number of the last event in them that has one. */
export function lastSeqIn(events: string): number | undefined {
  const last = [...events.matchAll(ID)].at(-1)
  return last && Number(last[1])
}
