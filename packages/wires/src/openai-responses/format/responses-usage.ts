import type { Usage } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'

/** The usage of a response as ours; its details go to `extra`, under the names that chat completions have for them. */
export function fromResponsesUsage(wire: JsonObject): Usage {
  const {
    input_tokens: input,
    output_tokens: output,
    total_tokens: total,
    input_tokens_details: inputs,
    output_tokens_details: outputs,
    ...rest
  } = wire
  const extra = {
    ...rest,
    ...(isJsonObject(inputs) && { prompt_tokens_details: inputs }),
    ...(isJsonObject(outputs) && { completion_tokens_details: outputs }),
  }
  return {
    ...(typeof input === 'number' && { inputTokens: input }),
    ...(typeof output === 'number' && { outputTokens: output }),
    ...(typeof total === 'number' && { totalTokens: total }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

/** Our usage as a response has it: all members are numbers there, so that what is not known is 0. */
export function toResponsesUsage({ inputTokens = 0, outputTokens = 0, totalTokens, extra }: Usage): JsonObject {
  const {
    prompt_tokens_details: inputs,
    completion_tokens_details: outputs,
    ...rest
  } = isJsonObject(extra) ? extra : {}
  return {
    ...rest,
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0, ...(isJsonObject(inputs) && inputs) },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0, ...(isJsonObject(outputs) && outputs) },
    total_tokens: totalTokens ?? inputTokens + outputTokens,
  }
}
