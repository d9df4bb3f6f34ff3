/** Header of a string, of an object with its first fields, of an array with its elements; a pointer; a number that is no small integer. */
const STRING_BYTES = 16
const OBJECT_BYTES = 24
const ARRAY_BYTES = 48
const SLOT_BYTES = 8
const NUMBER_BYTES = 16
/** Objects of few members share what says their names; others are hash tables, with names of their own. */
const SHARED_NAMES = 16
const TABLE_SLOT_BYTES = 48
const WIDE_UNITS = /[^\0-\u00FF]/u
const WORD_BYTES = 8

/** Parsers keep one of each short string. */
const SHORT_UNITS = 10
const SHORT_STRING_BYTES = 12

/** What a string takes on the heap, by what engines do: one byte a unit, or two for all where one of them needs two. */
export function stringBytes(text: string): number {
  return unitsBytes(WIDE_UNITS.test(text) ? 2 * text.length : text.length)
}

/** What a string of so many bytes takes on the heap. */
export function unitsBytes(bytes: number): number {
  return STRING_BYTES + Math.ceil(bytes / WORD_BYTES) * WORD_BYTES
}

/** About what a value of JSON takes on the heap (contract 6). */
export function heldBytes(value: unknown): number {
  if (typeof value === 'string') return value.length <= SHORT_UNITS ? SHORT_STRING_BYTES : stringBytes(value)
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 30 ? 0 : NUMBER_BYTES
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + SLOT_BYTES + heldBytes(item), ARRAY_BYTES)
  const names = Object.keys(value)
  let bytes = OBJECT_BYTES
  for (const member of Object.values(value)) bytes += SLOT_BYTES + heldBytes(member)
  if (names.length <= SHARED_NAMES) return bytes
  return names.reduce((sum, name) => sum + TABLE_SLOT_BYTES + stringBytes(name), bytes)
}
