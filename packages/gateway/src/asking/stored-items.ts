import { type Actor, isSluiceError, type Json, type Sluice, SluiceError } from '@sluice/core'
import type { JsonObject } from '@sluice/wires/openai'
import { responsesFacts, toResponseObject } from '@sluice/wires/openai-responses'

/** Gives the items of an answer that was streamed here; none where it is not kept any more, or not the client's. */
export type ItemsOf = (streamId: string) => Promise<readonly JsonObject[]>

const REFERENCE = 'item_reference'
/** Ids that items have here: of what kind, of which stream, and where in its answer. */
const OWN_ID = /^[a-z]+_([0-9a-z]{26})_\d+$/
/** Answers that one request may refer to: each is read. */
const MAX_ANSWERS = 256

export function itemsIn(sluice: Sluice, as: Actor): ItemsOf {
  return async (id) => {
    try {
      const { events, trimmed } = await sluice.transcript({ id }, { as })
      return trimmed ? [] : (toResponseObject(responsesFacts({}, 0), id, events).output as readonly JsonObject[])
    } catch (error) {
      if (!isSluiceError(error)) throw error
      return []
    }
  }
}

/** Whether a request for a response names items of earlier answers instead of repeating them. */
export function hasReferences({ input }: JsonObject): boolean {
  return Array.isArray(input) && input.some((item) => isReference(item as Json))
}

/**
 * The request with the items that it names in their places: a chat completion has all that was said in it. Those that are
 * not known stay as they are.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST` for references to very many answers
 */
export async function withStoredItems(body: JsonObject, itemsOf: ItemsOf): Promise<JsonObject> {
  const answers = new Map<string, readonly JsonObject[]>()
  const input: Json[] = []
  for (const item of body.input as readonly Json[]) {
    const id = isReference(item) ? item.id : undefined
    const streamId = typeof id === 'string' ? OWN_ID.exec(id)?.[1] : undefined
    if (streamId !== undefined && !answers.has(streamId)) {
      if (answers.size >= MAX_ANSWERS) throw tooMany()
      answers.set(streamId, await itemsOf(streamId))
    }
    const known = streamId === undefined ? undefined : answers.get(streamId)!.find((stored) => stored.id === id)
    input.push((known as Json | undefined) ?? item)
  }
  return { ...body, input }
}

function isReference(item: Json): item is JsonObject & { readonly type: typeof REFERENCE } {
  return isJsonObject(item) && item.type === REFERENCE
}

function isJsonObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function tooMany(): SluiceError {
  const message = `A request may refer to items of ${MAX_ANSWERS} answers: send the others as they are.`
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
