import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { Code, ConnectError } from '@connectrpc/connect'
import { type JsonLimitName, type JsonLimits, limitOption } from '@sluice/core/extend'

/** As deep as parsers of protobuf go. */
const MAX_DEPTH = 100
/** A member of JSON takes so many fields in protobuf at most: its entry, name, value, and what that holds. */
const FIELDS_OF_MEMBER = 4
/** What a request has besides. */
const FIELDS_BESIDE = 32

/**
 * Refuses what would be too much to decode: the bytes of a message are walked, and nothing is made of them. Elements of
 * lists, entries of maps and fields that are not known count as members of JSON do, entries of one map as names of an object.
 *
 * @throws ConnectError `InvalidArgument` for too much, too deep, and for what is no message
 */
export function measureMessage(desc: DescMessage, bytes: Uint8Array, limits: JsonLimits): void {
  try {
    new Measure(limits).walk(new BinaryReader(bytes), { fields: fieldsOf(desc), end: bytes.length, depth: 1 })
  } catch (error) {
    throw error instanceof ConnectError ? error : noMessage()
  }
}

/** What is said of bytes that are not the message they should be. */
export function noMessage(): ConnectError {
  return refused('The request is not the message that this method takes.')
}

/** What a field holds, as far as it is walked. */
interface Kind {
  readonly is: 'one' | 'element' | 'entry'
  /** How it is written. Decoders read on as if it were so, whatever is said. */
  readonly wire: WireType
  readonly fields: () => Fields | undefined
}
type Fields = ReadonlyMap<number, Kind>

interface Place {
  readonly fields: Fields | undefined
  readonly end: number
  readonly depth: number
}

class Measure {
  readonly #limits: JsonLimits
  #members = 0
  #fields = 0

  constructor(limits: JsonLimits) {
    this.#limits = limits
  }

  walk(reader: BinaryReader, { fields, end, depth }: Place): void {
    if (depth > MAX_DEPTH) throw refused(`The request is nested deeper than ${MAX_DEPTH} levels of protobuf.`)
    const limits = this.#limits
    const { jsonMembers, jsonNames } = limits
    let names = 0
    while (reader.pos < end) {
      const [number, type] = reader.tag()
      const kind = fields?.get(number)
      if (kind?.is !== 'one' && ++this.#members > jsonMembers) throw tooMany('', 'jsonMembers', limits)
      if (++this.#fields > FIELDS_OF_MEMBER * jsonMembers + FIELDS_BESIDE) throw tooMany('', 'jsonMembers', limits)
      if (kind?.is === 'entry' && ++names > jsonNames) throw tooMany('a map of ', 'jsonNames', limits)
      if (kind && type !== kind.wire && !isPacked(kind, type)) throw noMessage()
      const inside = kind?.fields()
      if (type !== WireType.LengthDelimited || !inside) reader.skip(type, number)
      else {
        const length = reader.uint32()
        this.walk(reader, { fields: inside, end: reader.pos + length, depth: depth + 1 })
      }
    }
    // What is in it ends where it ends.
    if (reader.pos !== end) throw noMessage()
  }
}

const known = new WeakMap<DescMessage, Fields>()

function fieldsOf(desc: DescMessage): Fields {
  let fields = known.get(desc)
  if (!fields) {
    fields = new Map(desc.fields.map((field) => [field.number, kindOf(field)]))
    known.set(desc, fields)
  }
  return fields
}

function kindOf(field: DescField): Kind {
  const { message } = field
  const below = message ? (): Fields => fieldsOf(message) : nothing
  if (field.fieldKind === 'list') return { is: 'element', wire: wireOf(field.scalar, message), fields: below }
  if (field.fieldKind !== 'map') return { is: 'one', wire: wireOf(field.scalar, message), fields: below }
  // A map is a list of messages whose field 1 is the key, and field 2 the value.
  const entry: Fields = new Map([
    [1, { is: 'one', wire: wireOf(field.mapKey, undefined), fields: nothing }],
    [2, { is: 'one', wire: wireOf(field.scalar, message), fields: below }],
  ])
  return { is: 'entry', wire: WireType.LengthDelimited, fields: () => entry }
}

const nothing = (): undefined => undefined

/** Without a scalar it is a message, else an enum. */
function wireOf(scalar: ScalarType | undefined, message: DescMessage | undefined): WireType {
  if (message) return WireType.LengthDelimited
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32
    default:
      return WireType.Varint
  }
}

/** Numbers of a list may be written as one field. */
function isPacked({ is, wire }: Kind, type: WireType): boolean {
  return is === 'element' && wire !== WireType.LengthDelimited && type === WireType.LengthDelimited
}

function tooMany(what: string, name: JsonLimitName, limits: JsonLimits): ConnectError {
  const option = limitOption(name, limits)
  return refused(`The request has ${what}more than ${limits[name]} members, which is all that ${option} allows.`)
}

function refused(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument)
}
