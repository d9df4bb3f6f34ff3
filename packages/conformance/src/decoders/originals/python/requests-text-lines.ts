import { dataLines } from '../../rig/data-lines.ts'
import { decodeLines, type LineSplitter, type SseDecoder } from '../../rig/decoder.ts'
import { splitLines } from '../../rig/python-lines.ts'

/** Lines of text, as `str.splitlines` has them: U+0085, U+2028 and U+2029 end a line, in the middle of JSON too. */
export const requestsTextLines: SseDecoder = {
  name: 'requests iter_lines of text',
  original: '`for line in response.iter_lines(decode_unicode=True)` of `requests` 2, and `line.startswith("data: ")`',
  ids: false,
  begin: () => decodeLines(new TextLines(), dataLines()),
}

/** A piece that ends with a line end leaves nothing behind, a CR whose LF is yet to come included. */
class TextLines implements LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #begun = ''

  push(piece: Uint8Array): string[] {
    const text = this.#begun + this.#decoder.decode(piece, { stream: true })
    const lines = splitLines(text)
    const last = lines.at(-1)
    this.#begun = last !== undefined && last !== '' && last.at(-1) === text.at(-1) ? lines.pop()! : ''
    return lines
  }

  end(): string[] {
    return this.#begun === '' ? [] : [this.#begun]
  }
}
