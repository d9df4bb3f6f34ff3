import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'

/**
 * What a backend said in the Responses format beyond our model. Held in an event's `extra` under `openaiResponses`, so that no
 * other provider's wire takes it for its own; the encoder writes each part back where it was.
 */
export interface ResponsesExtra {
  /** Members of an output item as it was added. An event with these begins an item. */
  readonly item?: JsonObject | undefined
  /** Members of an output item that were there when it was done. */
  readonly done?: JsonObject | undefined
  /** Id of the item that `done` is of, where that is not the one that is open. */
  readonly of?: string | undefined
  /** True for what begins another part of the reasoning that is open. */
  readonly part?: boolean | undefined
  /** An annotation of the text. */
  readonly annotation?: Json | undefined
  /** Log probabilities of this piece of text. */
  readonly logprobs?: Json | undefined
  /** Members of the response as it began, or went on. */
  readonly response?: JsonObject | undefined
  /** An output item that is none of text, reasoning or a call of the client's tools, as it was added. */
  readonly added?: JsonObject | undefined
  /** The same, as it was done. */
  readonly finished?: JsonObject | undefined
  /** An event of such an item: written as it came, but for its number. */
  readonly event?: JsonObject | undefined
}

/** Name of the `data` events whose `extra` holds what is said of the response, or of items that we do not model. */
export const RESPONSE_EVENT = 'openai.response'

/** What `extra` of an event holds for this wire, if anything. */
export function responsesExtraOf(extra: Json | undefined): (ResponsesExtra & JsonObject) | undefined {
  return isJsonObject(extra) && isJsonObject(extra.openaiResponses) ? extra.openaiResponses : undefined
}

/** Writes `extra` the way events hold it. */
export function toResponsesExtra(extra: ResponsesExtra): Json {
  return { openaiResponses: extra as JsonObject }
}
