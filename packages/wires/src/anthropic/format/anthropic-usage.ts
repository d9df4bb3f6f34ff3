import type { Usage } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'

/** What the provider counts beside input and output, each as it is where nothing is known of it. */
const COUNTED: JsonObject = {
  cache_creation_input_tokens: null,
  cache_read_input_tokens: null,
  cache_creation: null,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: null,
  speed: null,
  inference_geo: null,
}

/** The usage of a message as ours; what it counts beyond goes to `extra`. */
export function fromAnthropicUsage(wire: JsonObject): Usage {
  const { input_tokens: input, output_tokens: output, ...rest } = wire
  const extra = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== undefined))
  return {
    ...(typeof input === 'number' && { inputTokens: input }),
    ...(typeof output === 'number' && { outputTokens: output }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

/** Our usage as a message has it: input and output are numbers there, so that what is not known is 0. */
export function toAnthropicUsage({ inputTokens = 0, outputTokens = 0, extra }: Usage): JsonObject {
  const own = isJsonObject(extra) ? extra : {}
  const counted = Object.entries(COUNTED).map(([name, unknown]) => [name, own[name] ?? unknown] as const)
  return { input_tokens: inputTokens, output_tokens: outputTokens, ...Object.fromEntries(counted) }
}
