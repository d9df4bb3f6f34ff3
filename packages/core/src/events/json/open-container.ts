import { decodeUtf8, skipSpace } from './json-bytes.ts'

/** An array or object of which the end has not been seen: what is known of it, and of the member that comes. */
export class OpenContainer {
  readonly bytes: Uint8Array
  readonly start: number
  readonly isList: boolean
  readonly above: OpenContainer | undefined
  /** Where that begins which has not been parsed: whole members, and the one that comes. */
  runFrom: number
  /** Where the member that comes begins. */
  memberFrom: number
  /** It is, or holds, what is too long to be parsed with its neighbours. */
  isLong = false
  #colonAt = -1
  #made: { readonly value: unknown; readonly from: number; readonly to: number } | undefined
  #value: unknown[] | Record<string, unknown> | undefined

  constructor(
    bytes: Uint8Array,
    { start, isList, above }: { start: number; isList: boolean; above: OpenContainer | undefined },
  ) {
    this.bytes = bytes
    this.start = start
    this.isList = isList
    this.above = above
    this.runFrom = this.memberFrom = start + 1
  }

  get value(): unknown[] | Record<string, unknown> {
    return (this.#value ??= this.isList ? [] : {})
  }

  /** Some of it has been parsed. */
  get isBegun(): boolean {
    return this.#value !== undefined
  }

  get isMade(): boolean {
    return this.#made !== undefined
  }

  makesLong(): void {
    this.isLong = true
  }

  colon(at: number): void {
    if (this.#colonAt < 0) this.#colonAt = at
  }

  /** A value that was too long has been parsed; it stands between `from` and `to`. */
  made(value: unknown, from: number, to: number): void {
    if (this.#made) throw new SyntaxError('Two values without a comma')
    this.#made = { value, from, to }
    this.isLong = true
  }

  /** The next member begins. */
  next(at: number): void {
    this.memberFrom = at
    this.#colonAt = -1
    this.#made = undefined
    this.isLong = false
  }

  /** Where the name of the member ends, and where its value begins. */
  nameEnd(): number {
    if (this.#colonAt < 0) throw new SyntaxError('A member has no value')
    return this.#colonAt
  }

  valueFrom(): number {
    return this.isList ? this.memberFrom : this.nameEnd() + 1
  }

  /** The value that was made: all that the member has. */
  takeMade(end: number): unknown {
    const { value, from, to } = this.#made!
    const { bytes } = this
    if (skipSpace(bytes, this.valueFrom(), from) === from && skipSpace(bytes, to, end) === end) return value
    throw new SyntaxError('Something stands beside a value')
  }

  set(name: unknown, value: unknown, runFrom: number): void {
    if (this.isList) (this.value as unknown[]).push(value)
    else if (typeof name === 'string') this.#setMember(name, value)
    else throw new SyntaxError('A name is no string')
    this.runFrom = runFrom
  }

  /** Parses the members before `end`; there may be none where none has been seen at all. */
  takeRun(end: number): void {
    const { bytes, runFrom, isList } = this
    if (end < runFrom) return
    if (skipSpace(bytes, runFrom, end) === end) {
      if (this.#value === undefined && end >= this.memberFrom) return
      throw new SyntaxError('A comma without a member')
    }
    const text = decodeUtf8(bytes.subarray(runFrom, end))
    if (isList) for (const item of JSON.parse(`[${text}]`) as unknown[]) (this.value as unknown[]).push(item)
    else for (const [name, value] of Object.entries(JSON.parse(`{${text}}`) as object)) this.#setMember(name, value)
    this.runFrom = end + 1
  }

  /** As `JSON.parse` does: a member of its own also where its name means something. */
  #setMember(name: string, value: unknown): void {
    if (name === '__proto__')
      Object.defineProperty(this.value, name, { value, writable: true, enumerable: true, configurable: true })
    else (this.value as Record<string, unknown>)[name] = value
  }
}
