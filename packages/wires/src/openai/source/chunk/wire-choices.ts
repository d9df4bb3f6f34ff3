import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../../json/json-object.ts'

const MAX_CHOICES = 1024

/** A member of `choices` that says anything, and which choice it is of. */
export interface WireChoice {
  readonly index: number
  readonly choice: JsonObject
}

/** The choices of a chunk. Some backends leave the index out where there are several: there the position tells it. */
export function wireChoicesOf({ choices }: JsonObject): WireChoice[] {
  if (!Array.isArray(choices)) return []
  const found: WireChoice[] = []
  for (const [position, choice] of (choices as readonly Json[]).entries()) {
    if (!isJsonObject(choice) || !saysAnything(choice)) continue
    const { index } = choice
    found.push({ index: isIndex(index) ? index : position % MAX_CHOICES, choice })
  }
  return found
}

/** The choices of a whole completion, each as if it had come in one delta. */
export function wholeChoicesOf(body: JsonObject): JsonObject[] {
  return wireChoicesOf(body).map(({ index, choice }) => {
    const { message, ...rest } = choice
    if (!isJsonObject(message)) return { ...choice, index }
    const calls = Array.isArray(message.tool_calls) ? (message.tool_calls as readonly Json[]) : undefined
    // Whole calls need no index to be told apart; a wrong one would only join them.
    const own = calls?.every(isJsonObject) && { tool_calls: calls.map((call, place) => ({ ...call, index: place })) }
    return { ...rest, index, delta: { ...message, ...own } }
  })
}

/** A choice of nothing but its index has not begun. */
function saysAnything(choice: JsonObject): boolean {
  for (const name in choice) if (name !== 'index' && choice[name] !== null && choice[name] !== undefined) return true
  return false
}

function isIndex(index: Json | undefined): index is number {
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < MAX_CHOICES
}
