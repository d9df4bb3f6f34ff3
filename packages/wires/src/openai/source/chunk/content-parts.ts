import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../../json/json-object.ts'

/** A run of content parts that say the same kind of thing. */
export type ContentRun =
  | { readonly type: 'text' | 'refusal'; text: string }
  /** Parts that we do not model, as they came. */
  | { readonly type: 'parts'; readonly parts: Json[] }

/**
 * What a list of content parts says, in its order. Parts of text are text; thinking, images and whatever else there may
 * be stay the parts they are.
 */
export function toContentRuns(parts: readonly Json[]): readonly ContentRun[] {
  const runs: ContentRun[] = []
  for (const part of parts) {
    if (part === null) continue
    const said = textOf(part)
    if (!said) addPart(runs, part)
    else {
      addText(runs, said.type, said.text)
      if (said.rest) addPart(runs, said.rest)
    }
  }
  return runs
}

function addText(runs: ContentRun[], type: 'text' | 'refusal', text: string): void {
  if (text === '') return
  const last = runs.at(-1)
  if (last?.type === type) last.text += text
  else runs.push({ type, text })
}

function addPart(runs: ContentRun[], part: Json): void {
  const last = runs.at(-1)
  if (last?.type === 'parts') last.parts.push(part)
  else runs.push({ type: 'parts', parts: [part] })
}

/** The text of a part, and what else the part holds, as a part without text. */
function textOf(part: Json): { type: 'text' | 'refusal'; text: string; rest: JsonObject | undefined } | undefined {
  if (typeof part === 'string') return { type: 'text', text: part, rest: undefined }
  if (!isJsonObject(part)) return undefined
  const { type = 'text' } = part
  const name = type === 'refusal' ? 'refusal' : type === 'text' || type === 'output_text' ? 'text' : undefined
  if (name === undefined) return undefined
  const text = part[name]
  if (typeof text !== 'string') return undefined
  const more = Object.keys(part).some((other) => other !== 'type' && other !== name && part[other] !== null)
  return { type: name, text, rest: more ? { ...part, [name]: '' } : undefined }
}
