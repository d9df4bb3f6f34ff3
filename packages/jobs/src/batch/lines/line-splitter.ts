import { isUtf8 } from 'node:buffer'

import { GatheredBytes, invalidOption } from '@sluice/core/extend'

import type { LineError } from './line-error.ts'

/** A line of a file, without what ends it. */
export interface SplitLine {
  /** 1 is the first line of the file; blank lines count. */
  readonly number: number
  /** Where it begins in the file, in bytes. */
  readonly offset: number
  /** A view of what was pushed where the line lies in one piece of it. Empty where it is longer than a line may be. */
  readonly bytes: Uint8Array
  /** Why it is not to be read. */
  readonly fault?: LineError | undefined
}

/** How {@link LineSplitter} splits. */
export interface LineSplitterOptions {
  /**
   * The longest line, in bytes, without what ends it. What is longer is passed over, and not held.
   * @defaultValue 16 MiB
   */
  readonly maxLineBytes?: number | undefined
}

/** Defaults of {@link LineSplitterOptions}. */
export const DEFAULT_LINE_OPTIONS: Required<LineSplitterOptions> = { maxLineBytes: 16 * 1024 * 1024 }

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Bytes of a JSONL file as lines, however they are cut. A line ends at 0x0A and nowhere else: U+2028 and U+2029, at which Node's
 * `readline` ends one, may stand in the strings of JSON. One 0x0D before it is trimmed. Blank lines are counted and passed over.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` for a bound that is no whole number above 0
 * @example
 * ```ts
 * const splitter = new LineSplitter()
 * splitter.push(new TextEncoder().encode('{"a":1}\r\n\n{"b":')) // one line, number 1
 * splitter.push(new TextEncoder().encode('2}')) // none yet
 * splitter.end() // one line, number 3
 * ```
 */
export class LineSplitter {
  readonly #maxLineBytes: number
  /** The line that has begun. */
  readonly #begun: GatheredBytes = new GatheredBytes()
  #isTooLong = false
  #offset = 0
  #number = 1
  #bytes = 0
  #blank = 0

  constructor({ maxLineBytes = DEFAULT_LINE_OPTIONS.maxLineBytes }: LineSplitterOptions = {}) {
    if (!Number.isSafeInteger(maxLineBytes) || maxLineBytes < 1)
      throw invalidOption('maxLineBytes', maxLineBytes, 'a whole number of bytes above 0')
    this.#maxLineBytes = maxLineBytes
  }

  /** How many bytes were pushed. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many blank lines were passed over: those of spaces and tabs are blank, too. */
  get blank(): number {
    return this.#blank
  }

  /** The lines that end in this piece of the file, which is not to be changed from then on. */
  push(piece: Uint8Array): SplitLine[] {
    const lines: SplitLine[] = []
    let start = 0
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      const part = piece.subarray(start, end)
      const isWhole = this.#begun.length === 0 && !this.#isTooLong
      if (!isWhole) this.#hold(part)
      this.#bytes += end + 1 - start
      this.#finish(lines, isWhole ? part : this.#begun.take())
      start = end + 1
    }
    this.#hold(piece.subarray(start))
    this.#bytes += piece.length - start
    return lines
  }

  /** The file is over: its last line, where nothing ended it. */
  end(): SplitLine[] {
    const lines: SplitLine[] = []
    if (this.#bytes > this.#offset) this.#finish(lines, this.#begun.take())
    return lines
  }

  #hold(part: Uint8Array): void {
    // One more than allowed: it may be the 0x0D.
    if (this.#begun.length + part.length <= this.#maxLineBytes + 1) {
      if (part.length > 0 && !this.#isTooLong) this.#begun.push(part)
      return
    }
    this.#isTooLong = true
    this.#begun.clear()
  }

  #finish(lines: SplitLine[], line: Uint8Array): void {
    const bytes = trimmed(line)
    const isTooLong = this.#isTooLong || bytes.length > this.#maxLineBytes
    if (!isTooLong && isBlank(bytes)) this.#blank++
    else {
      const number = this.#number
      const fault = isTooLong ? tooLarge(number, this.#maxLineBytes) : encodingFault(bytes, number)
      lines.push({ number, offset: this.#offset, bytes: isTooLong ? NOTHING : bytes, ...(fault && { fault }) })
    }
    this.#isTooLong = false
    this.#number++
    this.#offset = this.#bytes
  }
}

/**
 * The lines of a file that comes in pieces. Not more is held than a piece and the line that has begun.
 *
 * @throws SluiceError as {@link LineSplitter}; whatever `source` throws
 * @example
 * ```ts
 * const { body } = await fetch('https://example.com/in.jsonl')
 * for await (const { number, bytes } of readLines(body!)) console.log(number, bytes.length)
 * ```
 */
export async function* readLines(
  source: AsyncIterable<Uint8Array>,
  options: LineSplitterOptions = {},
): AsyncGenerator<SplitLine, void, undefined> {
  const splitter = new LineSplitter(options)
  for await (const piece of source) yield* splitter.push(piece)
  yield* splitter.end()
}

const NOTHING = new Uint8Array(0)

function trimmed(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09)
}

/** What is no UTF-8, or begins with what a decoder would pass over in silence. Files that were joined have a mark within, too. */
function encodingFault(bytes: Uint8Array, line: number): LineError | undefined {
  const [first, second, third] = bytes
  if (first === 0xef && second === 0xbb && third === 0xbf) {
    const message = `Line ${line} begins with a byte order mark (EF BB BF), which no JSON begins with. Write the file as UTF-8 without it.`
    return { code: 'byte_order_mark', message, line }
  }
  if (isUtf8(bytes)) return undefined
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  const what = isUtf16 ? 'is UTF-16' : 'is not valid UTF-8'
  return { code: 'invalid_utf8', message: `Line ${line} ${what}. Write the file as UTF-8.`, line }
}

function tooLarge(line: number, maxLineBytes: number): LineError {
  const message = `Line ${line} has more than ${maxLineBytes} bytes, which is all that a line may have. Make its request smaller.`
  return { code: 'line_too_large', message, line }
}
