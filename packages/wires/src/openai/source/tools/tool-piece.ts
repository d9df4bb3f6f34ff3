import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../../json/json-object.ts'

/** One member of a delta's `tool_calls`, read. What is not there is an empty string or `undefined`. */
export interface ToolPiece {
  readonly index: number | undefined
  readonly id: string
  readonly type: string
  readonly name: string
  readonly args: string
  /** The backend spoke of the arguments, if only to say that there are none yet: the name is whole. */
  readonly speaksOfArgs: boolean
  /** A call that is neither a function nor custom has no name to wait for. */
  readonly nameless: boolean
  /** What else it holds, in the place where it was. */
  readonly extra: JsonObject | undefined
}

/** Reads one member of `tool_calls`. */
export function readToolPiece(wire: JsonObject): ToolPiece {
  const { index, id, type, function: called, custom, ...more } = wire
  const place = isJsonObject(custom) ? 'custom' : 'function'
  const body = isJsonObject(custom) ? custom : isJsonObject(called) ? called : undefined
  const { name, arguments: args, input, ...rest } = body ?? {}
  const text = place === 'custom' ? input : args
  const inside = membersOf(place === 'custom' ? { ...rest, arguments: args } : { ...rest, input })
  const odd = body ? {} : { function: called, custom }
  return {
    index: indexOf(index),
    id: textOf(id),
    type: textOf(type) || (place === 'custom' ? 'custom' : ''),
    name: textOf(name),
    args: argumentsOf(text),
    speaksOfArgs: text !== undefined && text !== null,
    nameless: body === undefined && typeof type === 'string' && type !== '' && type !== 'function',
    extra: membersOf({ ...more, ...odd, ...(inside && { [place]: inside }) }),
  }
}

/** Members that say something. */
function membersOf(object: JsonObject): JsonObject | undefined {
  const members = Object.entries(object).filter(([, value]) => value !== null && value !== undefined)
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

function indexOf(value: Json | undefined): number | undefined {
  const index = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof index === 'number' && Number.isInteger(index) ? index : undefined
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** Some backends send arguments as an object instead of as its text. */
function argumentsOf(value: Json | undefined): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
