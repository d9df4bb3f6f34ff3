import { joinBytes } from '../bytes.ts'
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  COMMA,
  decodeUtf8,
  endOfString,
  isSpace,
  QUOTE,
  skipSpace,
} from './json-bytes.ts'
import { atOnce, inTurns, JSON_SLICE } from './json-slice.ts'

/** One member of a JSON object as it was written: where its name begins, its value begins, and both end. */
interface Member {
  readonly name: string
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

const ENCODER = new TextEncoder()

/**
 * The text of a JSON object, in UTF-8, and where its members are, in the order they were written, repeated ones included. It
 * can be written again with other members, and all else stays digit for digit.
 *
 * @example
 * ```ts
 * const object = JsonObjectText.of('{"a":1e400,"b":1}')
 * new TextDecoder().decode(object.edited({ b: undefined, c: 'true' })) // '{"a":1e400,"c":true}'
 * ```
 */
export class JsonObjectText {
  readonly #bytes: Uint8Array
  readonly #members: readonly Member[]

  private constructor(bytes: Uint8Array, members: readonly Member[]) {
    this.#bytes = bytes
    this.#members = members
  }

  /** Of an object that is known to be one: it has been parsed before. For what may be long there is {@link JsonObjectText.read}. */
  static of(text: string | Uint8Array): JsonObjectText {
    const bytes = typeof text === 'string' ? ENCODER.encode(text) : text
    return new JsonObjectText(bytes, atOnce(findMembers(bytes)))
  }

  /** The same; between slices of what is long the event loop serves others. */
  static async read(text: string | Uint8Array): Promise<JsonObjectText> {
    const bytes = typeof text === 'string' ? ENCODER.encode(text) : text
    return new JsonObjectText(bytes, await inTurns(findMembers(bytes)))
  }

  /** Names of the members, in order. */
  get names(): string[] {
    return this.#members.map(({ name }) => name)
  }

  /** The value of the last member `name` as it was written. */
  valueOf(name: string): string | undefined {
    const member = this.#members.findLast((one) => one.name === name)
    return member && this.#valueOf(member)
  }

  /** Names and values of all members, as they were written. */
  entries(): [name: string, value: string][] {
    return this.#members.map((member) => [member.name, this.#valueOf(member)])
  }

  /**
   * The object with other members: a value's own JSON text, or `undefined` for a member that is left out. All else stays as it
   * was written, which parsing and writing again would not do: `1.0`, `1e400`, integers beyond 2^53, members of one name. A
   * member that is named here is written once, in its last place.
   */
  edited(edits: { readonly [name: string]: string | undefined }): Uint8Array {
    const last = new Map(this.#members.map(({ name }, index) => [name, index]))
    const written: Uint8Array[] = []
    let changed = false
    for (const [index, member] of this.#members.entries()) {
      const { name, start, end } = member
      const isLast = last.get(name) === index
      const edited = edits[name]
      if (!Object.hasOwn(edits, name) || (isLast && edited !== undefined && this.#isValue(member, edited)))
        written.push(this.#bytes.subarray(start, end))
      else {
        changed = true
        if (isLast && edited !== undefined) written.push(memberBytes(name, edited))
      }
    }
    for (const [name, value] of Object.entries(edits)) {
      if (value === undefined || last.has(name)) continue
      changed = true
      written.push(memberBytes(name, value))
    }
    if (!changed) return this.#bytes
    const parts = written.flatMap((member, index) => (index === 0 ? [member] : [BETWEEN, member]))
    return joinBytes([BEFORE, ...parts, AFTER])
  }

  #valueOf({ valueStart, end }: Member): string {
    return decodeUtf8(this.#bytes.subarray(valueStart, end))
  }

  /** Without reading a value that is longer. */
  #isValue(member: Member, text: string): boolean {
    return member.end - member.valueStart <= 3 * text.length && this.#valueOf(member) === text
  }
}

const BEFORE = ENCODER.encode('{')
const BETWEEN = ENCODER.encode(',')
const AFTER = ENCODER.encode('}')

function memberBytes(name: string, value: string): Uint8Array {
  return ENCODER.encode(`${JSON.stringify(name)}:${value}`)
}

function* findMembers(bytes: Uint8Array): Generator<undefined, Member[]> {
  const members: Member[] = []
  let at = skipSpace(bytes, bytes.indexOf(BRACE_OPEN) + 1)
  while (at < bytes.length && bytes[at] !== BRACE_CLOSE) {
    const start = at
    const nameEnd = yield* endOfString(bytes, start)
    const valueStart = skipSpace(bytes, skipSpace(bytes, nameEnd) + 1)
    const end = yield* endOfValue(bytes, valueStart)
    const name = JSON.parse(decodeUtf8(bytes.subarray(start, nameEnd))) as string
    members.push({ name, start, valueStart, end })
    at = skipSpace(bytes, end)
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1)
  }
  return members
}

/** Just behind the value at `start`. */
function* endOfValue(bytes: Uint8Array, start: number): Generator<undefined, number> {
  let depth = 0
  let pauseAt = start + JSON_SLICE
  for (let at = start; at < bytes.length; at++) {
    if (at >= pauseAt) {
      yield
      pauseAt = at + JSON_SLICE
    }
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = (yield* endOfString(bytes, at)) - 1
      if (depth === 0) return at + 1
    } else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) depth++
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
      // A bare number or word ends where what it is a member of ends.
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && (byte === COMMA || isSpace(byte))) return at
  }
  return bytes.length
}
