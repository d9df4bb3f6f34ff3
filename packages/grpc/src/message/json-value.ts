import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt'
import type { Json } from '@sluice/core'

/**
 * Levels of JSON that a message carries as such. Parsers of protobuf stop at 100, one level of JSON takes three of theirs,
 * and the messages around it take up to five.
 */
export const JSON_LEVELS = 31

/** `value` as a message. What is nested deeper than {@link JSON_LEVELS} is in it as its JSON text. */
export function toValue(value: Json | undefined): Value | undefined {
  return value === undefined ? undefined : fromJson(ValueSchema, shallow(value, JSON_LEVELS))
}

/** The same of an object, for a field that is one: a level less is around it. */
export function toStruct(object: { readonly [name: string]: Json | undefined }): JsonObject {
  return shallow(object as Json, JSON_LEVELS + 1) as JsonObject
}

/** A copy of `levels` levels, without members that are `undefined`, which protobuf's JSON does not know. */
function shallow(value: Json, levels: number): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (levels === 0) return JSON.stringify(value)
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => shallow(item ?? null, levels - 1))
  const members = Object.entries(value).filter(([, inside]) => inside !== undefined)
  return Object.fromEntries(members.map(([name, inside]) => [name, shallow(inside as Json, levels - 1)]))
}
