import {
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  COLON,
  COMMA,
  decodeUtf8,
  endOfString,
  ESCAPE,
  isEscaped,
  QUOTE,
  skipSpace,
} from './json-bytes.ts'
import { JSON_SLICE } from './json-slice.ts'
import { OpenContainer } from './open-container.ts'

/**
 * The value of JSON in UTF-8, as `JSON.parse` has it, in slices: whatever is no longer than a slice is parsed by `JSON.parse`,
 * with what stands beside it; what is longer is taken apart first. Its depth has been bounded before.
 *
 * Each byte is parsed once. Names, numbers and space are bounded by the whole alone: they cost little.
 *
 * @throws SyntaxError, TypeError for what is no JSON in UTF-8
 */
export function* parseSlices(bytes: Uint8Array, slice: number = JSON_SLICE): Generator<undefined, unknown> {
  // The value itself is taken as the one element of a list that nobody wrote.
  let open = new OpenContainer(bytes, { start: -1, isList: true, above: undefined })
  let pauseAt = slice
  for (let at = 0; at < bytes.length; at++) {
    if (at >= pauseAt) {
      yield
      pauseAt = at + slice
    }
    switch (bytes[at]) {
      case QUOTE: {
        const end = yield* endOfString(bytes, at)
        if (end < 0) throw new SyntaxError('A string has no end')
        if (end - at > slice) open.makesLong()
        at = end - 1
        break
      }
      case COLON:
        open.colon(at)
        break
      case COMMA:
        if (!open.above) throw new SyntaxError('More than one value')
        yield* endMember(open, at, { slice, isLast: false })
        open.next(at + 1)
        break
      case BRACKET_OPEN:
      case BRACE_OPEN:
        open = new OpenContainer(bytes, { start: at, isList: bytes[at] === BRACKET_OPEN, above: open })
        break
      case BRACKET_CLOSE:
      case BRACE_CLOSE: {
        const { above, start, isList } = open
        if (!above || isList !== (bytes[at] === BRACKET_CLOSE)) throw new SyntaxError('A bracket closes nothing')
        if (open.isBegun || at + 1 - start > slice) {
          yield* endMember(open, at, { slice, isLast: true })
          above.made(open.value, start, at + 1)
        }
        open = above
      }
    }
  }
  if (open.above) throw new SyntaxError('A bracket is not closed')
  yield* endMember(open, bytes.length, { slice, isLast: true })
  const values = open.value as unknown[]
  if (values.length !== 1) throw new SyntaxError('There is no value')
  return values[0]
}

/** Parses what has come of `open` until `end`, where the member there is long, or the last, or there is half a slice. */
function* endMember(
  open: OpenContainer,
  end: number,
  { slice, isLast }: { slice: number; isLast: boolean },
): Generator<undefined, void> {
  if (open.isLong) {
    open.takeRun(open.memberFrom - 1)
    const { bytes, memberFrom } = open
    const name = open.isList ? undefined : yield* parseLong(bytes, { from: memberFrom, to: open.nameEnd(), slice })
    const value = open.isMade ? open.takeMade(end) : yield* parseLong(bytes, { from: open.valueFrom(), to: end, slice })
    open.set(name, value, end + 1)
  } else if (isLast || end - open.runFrom >= slice / 2) open.takeRun(end)
  else return
  yield
}

/** The value between two places, which is no container, or a short one. A long string is parsed in pieces. */
function* parseLong(
  bytes: Uint8Array,
  { from, to, slice }: { from: number; to: number; slice: number },
): Generator<undefined, unknown> {
  const start = skipSpace(bytes, from, to)
  if (bytes[start] !== QUOTE) return JSON.parse(decodeUtf8(bytes.subarray(start, to))) as unknown
  const end = yield* endOfString(bytes, start)
  if (skipSpace(bytes, end, to) !== to) throw new SyntaxError('Something follows a string')
  let text = ''
  for (let at = start + 1; at < end - 1;) {
    const cut = placeToCut(bytes, at, Math.min(at + Math.max(slice, MIN_PIECE), end - 1))
    text += JSON.parse(`"${decodeUtf8(bytes.subarray(at, cut))}"`) as string
    at = cut
    yield
  }
  return text
}

/** More than the longest that stands for one character, in either way of writing it. */
const MIN_PIECE = 16
const ESCAPE_BYTES = 2
const UNIT_ESCAPE_BYTES = 6

/** The last place up to `end` of a string's text, which begins or goes on at `from`, that cuts no character and no escape. */
function placeToCut(bytes: Uint8Array, from: number, end: number): number {
  if (bytes[end] === QUOTE && !isEscaped(bytes, from, end)) return end
  let cut = end
  while (cut > from && (bytes[cut]! & 0xc0) === 0x80) cut--
  // No character is as long as that: whoever decodes it finds out.
  if (end - cut > 3) return end
  const near = Math.max(from, cut - UNIT_ESCAPE_BYTES)
  const escape = near + bytes.subarray(near, cut).lastIndexOf(ESCAPE)
  if (escape < near || isEscaped(bytes, from, escape)) return cut
  const length = bytes[escape + 1] === UNIT_LETTER ? UNIT_ESCAPE_BYTES : ESCAPE_BYTES
  return escape + length > cut ? escape : cut
}

/** The `u` of `\u00e9`. */
const UNIT_LETTER = 0x75
