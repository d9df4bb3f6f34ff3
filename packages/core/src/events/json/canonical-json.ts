import { hostTurn } from '../../clock/host-turn.ts'
import { joinBytes } from '../bytes.ts'
import type { Json } from '../json.ts'
import { inTurns, JSON_SLICE } from './json-slice.ts'

const ENCODER = new TextEncoder()

/**
 * For adapters: what makes two bodies the same, for an idempotency key: their value, however it was written down. SHA-256 in
 * hexadecimal digits. `body` has been checked for its depth. What is long is written down in slices, between which the event loop serves others.
 */
export async function fingerprintOf(body: Json): Promise<string> {
  const bytes = isLong(body) ? await canonicalInTurns(body) : ENCODER.encode(canonicalJson(body))
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** It was parsed in this turn of the event loop. */
async function canonicalInTurns(body: Json): Promise<Uint8Array> {
  await hostTurn()
  return inTurns(canonicalSlices(body))
}

/** JSON with members in one order and no space. `value` has been checked for its depth. */
export function canonicalJson(value: Json | undefined): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]`
  const members = membersOf(value).map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}

/** The same in UTF-8, of what may be long: pauses after each slice, counted in characters. */
export function* canonicalSlices(value: Json, slice: number = JSON_SLICE): Generator<undefined, Uint8Array> {
  const written = new Slices(slice)
  yield* writeValue(value, written)
  return written.take()
}

function* writeValue(value: Json | undefined, written: Slices): Generator<undefined, void> {
  written.begin()
  if (typeof value === 'string' && value.length > written.slice) return yield* writeLongText(value, written)
  if (typeof value !== 'object' || value === null) written.add(JSON.stringify(value ?? null))
  else if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly Json[]).entries()) {
      written.add(index === 0 ? '[' : ',')
      yield* writeValue(item, written)
    }
    written.add(value.length === 0 ? '[]' : ']')
  } else {
    written.add('{')
    for (const [index, [name, member]] of membersOf(value).entries()) {
      if (index > 0) written.add(',')
      yield* writeValue(name, written)
      written.add(':')
      yield* writeValue(member, written)
    }
    written.add('}')
  }
  if (written.isFull) yield written.flush()
}

/** A text that is cut between the halves of a pair would be written otherwise. */
function* writeLongText(text: string, written: Slices): Generator<undefined, void> {
  written.add('"')
  for (let from = 0; from < text.length;) {
    let end = Math.min(from + written.slice, text.length)
    if (isHigh(text.charCodeAt(end - 1)) && isLow(text.charCodeAt(end))) end++
    written.add(JSON.stringify(text.slice(from, end)).slice(1, -1))
    from = end
    yield written.flush()
  }
  written.add('"')
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

type Member = readonly [name: string, value: Json | undefined]

function membersOf(object: object): Member[] {
  const members = Object.entries(object).filter(([, value]) => value !== undefined) as Member[]
  return members.sort(([one], [other]) => (one < other ? -1 : 1))
}

/** What has been written, encoded a slice at a time. */
class Slices {
  readonly slice: number
  #text = ''
  #cost = 0
  readonly #pieces: Uint8Array[] = []

  constructor(slice: number) {
    this.slice = slice
  }

  get isFull(): boolean {
    return this.#cost >= this.slice
  }

  /** A value begins. */
  begin(): void {
    this.#cost += VALUE_UNITS
  }

  add(text: string): void {
    this.#text += text
    this.#cost += text.length
  }

  flush(): undefined {
    this.#pieces.push(ENCODER.encode(this.#text))
    this.#text = ''
    this.#cost = 0
  }

  take(): Uint8Array {
    this.flush()
    return joinBytes(this.#pieces)
  }
}

/** Whether writing `value` is more than one slice. Looks no further than that. */
function isLong(value: Json): boolean {
  let left = JSON_SLICE
  const take = (part: unknown): boolean => {
    left -= VALUE_UNITS + (typeof part === 'string' ? part.length : 0)
    if (left < 0) return true
    if (typeof part !== 'object' || part === null) return false
    if (Array.isArray(part)) return part.some(take)
    return Object.entries(part).some(([name, member]) => take(name) || take(member))
  }
  return take(value)
}

/** What a value costs beside its text, as so many characters: where each has a name, names are put in order. */
const VALUE_UNITS = 64
