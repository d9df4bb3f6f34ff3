import type { Json } from '@sluice/core'
import type { JsonObject } from '@sluice/wires/openai'

/** Numbers that may not survive parsing: of many digits, or with an exponent. What stands in a text, such as an image, is seldom one. */
const DELICATE = /[:[,]\s*-?(?:\d[\d.]{15,}|[\d.]+[eE][+-]?\d)/

/** What JSON of today has beyond what the compiler knows of it. */
interface ExactJson {
  rawJSON: (text: string) => Json
  parse: (text: string, reviver: (name: string, value: Json, context: { source?: string }) => Json) => Json
}

/**
 * The object of a JSON text whose numbers are written as they were when it is made text again, such as 9223372036854775807 in a schema. Nothing
 * where parsing alone loses none: as it is, such a number is no number for a program.
 */
export function exactly(text: string | Uint8Array): JsonObject | undefined {
  const whole = typeof text === 'string' ? text : new TextDecoder().decode(text)
  if (!DELICATE.test(whole)) return undefined
  const { parse, rawJSON } = JSON as unknown as ExactJson
  return parse(whole, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value,
  ) as JsonObject
}
