import type { Json } from '@sluice/core'

/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: Json | undefined
}

/**
 * What an OpenAI-compatible backend sent beyond our model, by the place it was found in: members of the chunk, of the
 * choice, of its delta, of its tool call. Held in an event's `extra` under `openai`, so that no other provider's wire
 * takes it for its own; {@link openAiChat} writes each member back where it was.
 *
 * `chunk` members are facts of the whole answer and are held by the first event after they changed. A `tool.type` other
 * than `function` says which shape the call had: `custom`, or `function_call` for the deprecated one.
 */
export interface ChatExtra {
  readonly chunk?: JsonObject | undefined
  readonly choice?: JsonObject | undefined
  readonly delta?: JsonObject | undefined
  readonly tool?: JsonObject | undefined
}

/** Whether `value` is an object with named members. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What `extra` of an event holds for OpenAI's wires, if anything. */
export function chatExtraOf(extra: Json | undefined): ChatExtra | undefined {
  return isJsonObject(extra) && isJsonObject(extra.openai) ? (extra.openai as ChatExtra) : undefined
}

/** Writes `extra` the way events hold it. */
export function toExtra(extra: ChatExtra): Json {
  return { openai: extra as JsonObject }
}

/**
 * Pieces of one object put together, member by member: lists are joined, objects continued. Texts are joined when
 * `texts` is `join`, as pieces of a delta are; of anything else the last piece counts.
 */
export function joinObjects(pieces: readonly JsonObject[], texts: 'join' | 'replace'): JsonObject {
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
  return Object.fromEntries(Array.from(members, ([name, values]) => [name, joinValues(values, texts)]))
}

/** Puts what came without an event of its own before what came later. */
export function joinExtra(before: ChatExtra, after: ChatExtra | undefined): ChatExtra {
  const choice = joinObjects(present([before.choice, after?.choice]), 'replace')
  const delta = joinObjects(present([before.delta, after?.delta]), 'join')
  return {
    ...(Object.keys(choice).length > 0 && { choice }),
    ...(Object.keys(delta).length > 0 && { delta }),
    ...(after?.tool && { tool: after.tool }),
  }
}

function present(objects: readonly (JsonObject | undefined)[]): JsonObject[] {
  return objects.filter((object) => object !== undefined)
}

function joinValues(all: readonly Json[], texts: 'join' | 'replace'): Json {
  const values = all.filter((value) => value !== null)
  if (values.length < 2) return values[0] ?? null
  if (values.every((value) => Array.isArray(value))) return values.flat() as Json[]
  if (values.every(isJsonObject)) return joinObjects(values, texts)
  if (texts === 'join' && values.every((value) => typeof value === 'string')) return values.join('')
  return values.at(-1)!
}
