import type { Json } from '@sluice/core'

/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: Json | undefined
}

/** Whether `value` is an object with named members. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
