import { GatheredBytes } from '@sluice/core/extend'

import { wrongRequest } from './request-error.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a

const MEMBER = 'requests'
/** Names of members that are longer are none that is looked for. */
const MAX_NAME_BYTES = 64

const DECODER = new TextDecoder()

/**
 * The elements of `requests` in a JSON object that comes in pieces, each as its bytes; no more is held than one. Other members are passed
 * over. What an element is, is for others to say: it is found by its brackets.
 */
export class RequestSplitter {
  readonly #maxBytes: number
  readonly #element: GatheredBytes = new GatheredBytes()
  #depth = 0
  #isText = false
  #isEscaped = false
  /** The name that was read last in the object itself, as long as its value may follow. */
  #name: number[] | undefined
  #expectsName = false
  /** `in`: between the brackets of the list. */
  #list: 'before' | 'in' | 'after' = 'before'
  #count = 0
  #isOver = false

  /** `maxBytes`: of one element. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** How many elements there were. */
  get count(): number {
    return this.#count
  }

  /** The elements that end in this piece. @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE` */
  push(piece: Uint8Array): Uint8Array[] {
    const found: Uint8Array[] = []
    let start = 0
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at]!
      if (this.#isText) this.#inText(byte)
      else if (byte === QUOTE) this.#beginText()
      else if (this.#list === 'in' && this.#depth === 2 && (byte === COMMA || byte === CLOSE_BRACKET)) {
        this.#hold(piece.subarray(start, at))
        this.#take(found, byte === CLOSE_BRACKET)
        start = at + 1
      } else if (this.#structure(byte)) start = at + 1
    }
    if (this.#list === 'in') this.#hold(piece.subarray(start))
    return found
  }

  /** The body is over. @throws SluiceError `SLUICE_ERR_REQUEST` */
  end(): void {
    if (this.#depth > 0 || !this.#isOver) throw malformed('The body is not JSON: it is cut.')
    if (this.#list === 'before') throw malformed('requests: Field required')
    if (this.#count === 0) throw malformed('requests: a batch has at least one request')
  }

  #inText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === BACKSLASH) this.#isEscaped = true
    else if (byte === QUOTE) {
      this.#isText = false
      return
    }
    if (this.#expectsName && this.#name && this.#name.length <= MAX_NAME_BYTES) this.#name.push(byte)
  }

  #beginText(): void {
    if (this.#depth === 0) throw malformed('The body must be an object.')
    this.#isText = true
    if (this.#depth === 1 && this.#expectsName) this.#name = []
  }

  /** True: the list begins behind this byte. */
  #structure(byte: number): boolean {
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (this.#depth === 0 && (byte !== OPEN_BRACE || this.#isOver)) throw malformed('The body must be one object.')
      this.#depth++
      if (this.#depth === 1) this.#expectsName = true
      if (this.#depth !== 2 || byte !== OPEN_BRACKET || this.#list !== 'before' || !this.#isNamed()) return false
      this.#list = 'in'
      return true
    }
    if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (--this.#depth < 0) throw malformed('The body is not JSON: a bracket closes what none has opened.')
      this.#isOver = this.#depth === 0
    } else if (this.#depth === 1 && byte === COLON) this.#expectsName = false
    else if (this.#depth === 1 && byte === COMMA) this.#expectsName = true
    return false
  }

  #isNamed(): boolean {
    return this.#name !== undefined && DECODER.decode(Uint8Array.from(this.#name)) === MEMBER
  }

  #hold(part: Uint8Array): void {
    if (this.#list !== 'in' || part.length === 0) return
    if (this.#element.length + part.length > this.#maxBytes) {
      const message = `requests.${this.#count} has more than ${this.#maxBytes} bytes, which is what limits.lineBytes allows.`
      throw wrongRequest({ message, status: 413, code: 'line_too_large' })
    }
    this.#element.push(part)
  }

  #take(found: Uint8Array[], isLast: boolean): void {
    const bytes = this.#element.take()
    const isEmpty = bytes.every((byte) => byte <= 0x20)
    if (isEmpty && !(isLast && this.#count === 0)) throw malformed(`requests.${this.#count} is missing`)
    if (!isEmpty) {
      this.#count++
      found.push(bytes)
    }
    if (!isLast) return
    this.#list = 'after'
    this.#depth--
  }
}

function malformed(message: string): Error {
  return wrongRequest({ message })
}
