import { joinBytes } from '@sluice/core/extend'

import type { LineSplitter } from './decoder.ts'

const LF = 10
const CR = 13

/** How bytes become lines, where it is not as the standard says. */
export interface ByteLinesOptions {
  /** Makes text of a line. Default: UTF-8, what is none replaced, nothing dropped. */
  readonly decode?: (line: Uint8Array) => string
  /** Only a line feed ends a line, and one carriage return before it is no part of it. */
  readonly onlyLf?: boolean
  /** What stands after the last line end is a line too. */
  readonly flushes?: boolean
  /** Bytes that a line and its line end must fit into. Default: no limit. */
  readonly maxBytes?: number
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
/** Text of a line; a byte order mark is text like any other. */
export const decodeLine = (line: Uint8Array): string => utf8.decode(line)

/** Lines as the standard has them: ended by CR, LF or both, and by a CR at the end of a piece at once. */
export function byteLines(options: ByteLinesOptions = {}): LineSplitter {
  return new ByteLines(options)
}

class ByteLines implements LineSplitter {
  readonly #options: ByteLinesOptions
  readonly #decode: (line: Uint8Array) => string
  #begun: Uint8Array[] = []
  #begunBytes = 0
  #afterCr = false

  constructor(options: ByteLinesOptions) {
    this.#options = options
    this.#decode = options.decode ?? decodeLine
  }

  push(piece: Uint8Array): string[] {
    const { onlyLf = false } = this.#options
    const lines: string[] = []
    let start = 0
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at]
      if (byte === LF && this.#afterCr && at === start && this.#begunBytes === 0) {
        start = at + 1
        this.#afterCr = false
        continue
      }
      this.#afterCr = byte === CR && !onlyLf
      if (byte !== LF && !this.#afterCr) continue
      lines.push(this.#take(piece.subarray(start, at)))
      start = at + 1
    }
    this.#hold(piece.subarray(start))
    return lines
  }

  end(): string[] {
    return this.#options.flushes && this.#begunBytes > 0 ? [this.#take(new Uint8Array())] : []
  }

  #take(rest: Uint8Array): string {
    this.#hold(rest)
    let line = joinBytes(this.#begun)
    this.#begun = []
    this.#begunBytes = 0
    if (this.#options.onlyLf && line.at(-1) === CR) line = line.subarray(0, -1)
    return this.#decode(line)
  }

  #hold(rest: Uint8Array): void {
    if (rest.length === 0) return
    this.#begun.push(rest)
    this.#begunBytes += rest.length
    if (this.#begunBytes >= (this.#options.maxBytes ?? Infinity)) throw new Error('bufio.Scanner: token too long')
  }
}
