import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'

/**
 * What a backend said in the format of Anthropic's messages beyond our model. Held in an event's `extra` under `anthropic`, so
 * that no other provider's wire takes it for its own; the encoder writes each part back where it was.
 */
export interface AnthropicExtra {
  /** Members of a content block as it began. An event with these begins a block. */
  readonly block?: JsonObject | undefined
  /** The signature of the thinking that is open. */
  readonly signature?: string | undefined
  /** A citation of the text that is open. */
  readonly citation?: Json | undefined
  /** Members of the message as it began. */
  readonly message?: JsonObject | undefined
  /** What the message said of its end: `stop_reason`, `stop_sequence` … */
  readonly delta?: JsonObject | undefined
  /** A content block that is none of text, thinking or a call of the client's tools, as it began. */
  readonly added?: JsonObject | undefined
  /** A delta of such a block. */
  readonly piece?: JsonObject | undefined
}

/** Name of the `data` events whose `extra` holds what is said of the message, or of blocks that we do not model. */
export const MESSAGE_EVENT = 'anthropic.message'

/** What `extra` of an event holds for this wire, if anything. */
export function anthropicExtraOf(extra: Json | undefined): (AnthropicExtra & JsonObject) | undefined {
  return isJsonObject(extra) && isJsonObject(extra.anthropic) ? extra.anthropic : undefined
}

/** Writes `extra` the way events hold it. */
export function toAnthropicExtra(extra: AnthropicExtra): Json {
  return { anthropic: extra as JsonObject }
}
