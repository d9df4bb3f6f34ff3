import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'

/**
 * What an OpenAI-compatible backend sent beyond our model, by the place it was found in: members of the chunk, of the
 * choice, of its delta, of its tool call. Held in an event's `extra` under `openai`, so that no other provider's wire
 * takes it for its own; {@link openAiChat} writes each member back where it was.
 *
 * Each member is held by an event of the chunk that it came with; what came without anything that we model has an event
 * of its own, an empty text of its choice or, where there is none, a `openai.chunk`. What the chunk before had, too, is
 * left out. A `tool.type` other than `function` says which shape the call had: `custom`, or `function_call` for the
 * deprecated one.
 */
export interface ChatExtra {
  readonly chunk?: JsonObject | undefined
  readonly choice?: JsonObject | undefined
  readonly delta?: JsonObject | undefined
  readonly tool?: JsonObject | undefined
}

/** Name of the `data` event whose `extra` holds members of a chunk that says nothing else; it carries no data. */
export const CHUNK_EVENT = 'openai.chunk'

/** What `extra` of an event holds for OpenAI's wires, if anything. */
export function chatExtraOf(extra: Json | undefined): ChatExtra | undefined {
  return isJsonObject(extra) && isJsonObject(extra.openai) ? (extra.openai as ChatExtra) : undefined
}

/** Writes `extra` the way events hold it. */
export function toExtra(extra: ChatExtra): Json {
  return { openai: extra as JsonObject }
}

/** Which part of a backend's answer pieces are of: that decides how they become one. */
export type PieceOf = 'chunk' | 'choice' | 'delta'

/** Members of a piece that say which thing it is of: they are repeated, not continued. */
const IDENTITIES: ReadonlySet<string> = new Set(['id', 'type', 'role', 'object', 'name', 'format', 'mime_type'])

/**
 * Pieces of one object put together, member by member. Objects are continued and lists are joined. Texts of a delta are
 * joined too; of anything else the last piece counts. A list of a chunk that begins with all that was there before is
 * that list, grown.
 */
export function joinObjects(pieces: readonly JsonObject[], of: PieceOf): JsonObject {
  const members = new Map<string, Json[]>()
  for (const piece of pieces) {
    for (const [name, value] of Object.entries(piece)) {
      if (value === undefined) continue
      const values = members.get(name)
      if (values) values.push(value)
      else members.set(name, [value])
    }
  }
  // Unlike assignment, `fromEntries` gives a member named `__proto__` no power.
  return Object.fromEntries(Array.from(members, ([name, values]) => [name, joinValues(name, values, of)]))
}

function joinValues(name: string, all: readonly Json[], of: PieceOf): Json {
  const values = all.filter((value) => value !== null)
  if (values.length < 2) return values[0] ?? null
  if (values.every((value) => Array.isArray(value)))
    return of === 'chunk' ? grownList(values) : (values.flat() as Json[])
  if (values.every(isJsonObject)) return joinObjects(values, of)
  const joins = of === 'delta' && !IDENTITIES.has(name) && values.every((value) => typeof value === 'string')
  return joins ? values.join('') : values.at(-1)!
}

function grownList(lists: readonly (readonly Json[])[]): Json {
  return lists.reduce((before, next) => {
    const grown = before.every((item, index) => JSON.stringify(item) === JSON.stringify(next[index]))
    return grown ? next : [...before, ...next]
  })
}

/** `own` members of a tool call with those that a backend sent beyond our model; also inside of what is called. */
export function withToolExtra(own: JsonObject, extra: JsonObject | undefined): JsonObject {
  if (!extra) return own
  const called = ['function', 'custom'].filter((name) => isJsonObject(own[name]) && isJsonObject(extra[name]))
  const merged = called.map((name) => [name, { ...(extra[name] as JsonObject), ...(own[name] as JsonObject) }] as const)
  return { ...own, ...extra, ...Object.fromEntries(merged) }
}
