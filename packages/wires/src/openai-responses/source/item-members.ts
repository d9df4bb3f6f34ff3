import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'

/** What an item is to us. */
export type ItemKind = 'message' | 'reasoning' | 'call' | 'other'

/** Members that our events carry, by the type of an item. */
const MODELLED: Readonly<Record<string, readonly string[]>> = {
  message: ['type', 'role', 'status', 'content'],
  reasoning: ['type', 'status', 'summary', 'content'],
  function_call: ['type', 'status', 'call_id', 'name', 'arguments'],
  custom_tool_call: ['status', 'call_id', 'name', 'input'],
}

/** The part of its item that an event is about: one name for what is one text. */
export function partNameOf(name: string, { content_index, summary_index, part }: JsonObject): string {
  if (name.startsWith('reasoning_summary')) return `summary ${Number(summary_index ?? 0)}`
  if (name.startsWith('function_call') || name.startsWith('custom_tool_call')) return 'call'
  const type = isJsonObject(part) ? part.type : name.slice(0, name.indexOf('.'))
  return `${partKindOf(type)} ${Number(content_index ?? 0)}`
}

/** The parts of a whole item, by their names. */
export function partsOf({ type, content, summary }: JsonObject): (readonly [string, JsonObject])[] {
  const kindIn = (part: JsonObject): string => (type === 'reasoning' ? 'reasoning' : partKindOf(part.type))
  return [
    ...objectsIn(summary).map((part, index) => [`summary ${index}`, part] as const),
    ...objectsIn(content).map((part, index) => [`${kindIn(part)} ${index}`, part] as const),
  ]
}

function partKindOf(type: unknown): string {
  return type === 'refusal' ? 'refusal' : type === 'reasoning_text' ? 'reasoning' : 'text'
}

/** What an item of this type is. */
export function kindOf(type: string): ItemKind {
  if (type === 'message' || type === 'reasoning') return type
  return type === 'function_call' || type === 'custom_tool_call' ? 'call' : 'other'
}

/** An item before anything was said. */
export function emptied(item: JsonObject): JsonObject {
  if (typeof item.type === 'string' && kindOf(item.type) === 'other') return item
  return { ...item, content: undefined, summary: undefined, arguments: undefined, input: undefined }
}

/** An event of an item, without what is this backend's own numbering. */
export function eventOf(type: string, value: JsonObject): JsonObject {
  return { type, ...without(value, ['type', 'sequence_number', 'obfuscation']) }
}

/** What an item says beyond our model. */
export function unmodelled(item: JsonObject, type: string): JsonObject {
  return without(item, Object.hasOwn(MODELLED, type) ? MODELLED[type]! : [])
}

function without(value: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(value).filter(([name, member]) => !names.includes(name) && member !== undefined),
  )
}

/** `value`, if it is an object; else one without members. */
export function objectIn(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

/** `value`, if it is a list; else one of nothing. */
export function listIn(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

function objectsIn(value: unknown): JsonObject[] {
  return listIn(value).filter(isJsonObject)
}
