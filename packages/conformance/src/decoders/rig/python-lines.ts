import type { LineSplitter } from './decoder.ts'

/** What Python's `str.splitlines` takes for the end of a line; its `bytes.splitlines` knows the first three alone. */
// oxlint-disable-next-line no-control-regex -- these are the characters it is about
const LINE_END = /\r\n|[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/
// oxlint-disable-next-line no-control-regex -- the same, at the end of a text
const ENDS_LINE = /[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]$/

/** Python's `str.splitlines`. */
export function splitLines(text: string): string[] {
  const lines = text.split(LINE_END)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** `Response.iter_lines` of httpx, from 0.24 on: text in lines as `str.splitlines` has them, whatever the pieces. */
export function httpxLines(): LineSplitter {
  return new HttpxLines()
}

class HttpxLines implements LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #begun = ''

  push(piece: Uint8Array): string[] {
    return this.#split(this.#decoder.decode(piece, { stream: true }))
  }

  end(): string[] {
    const lines = this.#split(this.#decoder.decode())
    const rest = this.#begun.replace(/\r$/, '')
    return this.#begun === '' ? lines : [...lines, rest]
  }

  #split(text: string): string[] {
    if (text === '') return []
    const whole = this.#begun + text
    // Whether a line feed follows is not known yet.
    const upTo = whole.endsWith('\r') ? whole.length - 1 : whole.length
    const lines = splitLines(whole.slice(0, upTo))
    this.#begun = whole.slice(upTo)
    if (lines.length > 0 && !ENDS_LINE.test(whole.slice(0, upTo))) this.#begun = lines.pop()! + this.#begun
    return lines
  }
}
