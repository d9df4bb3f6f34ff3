/**
 * Bytes that the text of one event may have as JSON, alone or merged with its neighbours. Some readers fail at a line of 64
 * KiB, and what stands around the text needs room too.
 */
export const MAX_TEXT_JSON_BYTES: number = 60 * 1024

/** So many units of text are never too many, whatever they are: a unit has six bytes at most. */
export const FREE_TEXT_UNITS: number = MAX_TEXT_JSON_BYTES / 6

/** Whether well-formed `text` may be the text of one event. */
export function isOneLine(text: string): boolean {
  return text.length <= FREE_TEXT_UNITS || jsonBytes(text) <= MAX_TEXT_JSON_BYTES
}

/** Bytes of well-formed `text` within a line of JSON, in UTF-8 and without its quotes. */
export function jsonBytes(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) bytes += jsonUnitBytes(text.charCodeAt(index))
  return bytes
}

/** The same of one unit; each half of a pair has 2. */
export function jsonUnitBytes(unit: number): number {
  if (unit < 0x80) return ASCII_BYTES[unit]!
  // Wires escape what some take for the end of a line.
  if (unit === 0x85 || unit === 0x2028 || unit === 0x2029) return 6
  return unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3
}

/** A table, since long texts are counted when they are merged. */
const ASCII_BYTES: Uint8Array = Uint8Array.from(
  { length: 0x80 },
  (_, unit) => JSON.stringify(String.fromCharCode(unit)).length - 2,
)
