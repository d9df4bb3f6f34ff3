import type { Usage } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'

/** OpenAI's `usage` as ours; what it counts beyond (details of cached, audio and reasoning tokens) goes to `extra`. */
export function fromOpenAiUsage(wire: JsonObject): Usage {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total, ...rest } = wire
  const extra = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
  return {
    ...(typeof input === 'number' && { inputTokens: input }),
    ...(typeof output === 'number' && { outputTokens: output }),
    ...(typeof total === 'number' && { totalTokens: total }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

/** Our usage as OpenAI's. What is not known is left out rather than called 0. */
export function toOpenAiUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, extra } = usage
  const known = inputTokens !== undefined && outputTokens !== undefined
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: usage.totalTokens ?? (known ? inputTokens + outputTokens : undefined),
    ...(isJsonObject(extra) && extra),
  }
}
