/** A longer text is encoded for its length: a call costs as much as some twenty characters here, and nearly nothing by the character. */
const LONG_UNITS = 32
const SCRATCH = new Uint8Array(8 * 1024)
const encoder = new TextEncoder()

/** Bytes of `text` in UTF-8. `text` is well formed: each half of a surrogate pair counts 2. */
export function utf8Length(text: string): number {
  const { length } = text
  if (length > LONG_UNITS) return encodedLength(text)
  let bytes = length
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index)
    if (unit <= 0x7f) continue
    bytes += unit <= 0x7ff || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

function encodedLength(text: string): number {
  let bytes = 0
  for (let from = 0; from < text.length;) {
    const { read, written } = encoder.encodeInto(from === 0 ? text : text.slice(from), SCRATCH)
    from += read
    bytes += written
  }
  return bytes
}

/**
 * The longest start of `text` (from unit `from`) of at most `maxBytes` by `sizeOf`, ending on a code point; at least one code
 * point. `sizeOf` gives the bytes of a unit, half of a pair being half of its bytes.
 */
export function fittingEnd(
  text: string,
  from: number,
  maxBytes: number,
  sizeOf: (unit: number) => number = utf8UnitBytes,
): number {
  let bytes = 0
  let index = from
  while (index < text.length) {
    const unit = text.charCodeAt(index)
    const units = unit >= 0xd800 && unit <= 0xdbff ? 2 : 1
    bytes += units * sizeOf(unit)
    if (bytes > maxBytes && index > from) return index
    index += units
  }
  return index
}

function utf8UnitBytes(unit: number): number {
  if (unit <= 0x7f) return 1
  return unit <= 0x7ff || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3
}
